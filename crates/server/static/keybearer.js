// What makes the pages quicker to use. Everything works without it.
"use strict";

(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const one = (selector) => document.querySelector(selector);

  // The summary of what is wrong with a form is read first.
  one("[data-focus]")?.focus();

  // Fields that are there to be copied select themselves.
  for (const field of all("[data-select]")) {
    field.addEventListener("focus", () => field.select());
  }

  // Copying. Over plain HTTP browsers offer no clipboard to pages, so the old way is the second one.
  const copy = async (field) => {
    if (navigator.clipboard && window.isSecureContext) {
      try {
        await navigator.clipboard.writeText(field.value);
        return true;
      } catch {
        // Not allowed here: the old way.
      }
    }
    field.focus();
    field.select();
    return document.execCommand("copy");
  };
  for (const button of all("[data-copy]")) {
    const label = button.querySelector("span");
    const before = label.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!(await copy(document.getElementById(button.dataset.copy)))) return;
      button.focus();
      label.textContent = button.dataset.done;
      const told = one("[data-told]");
      if (told) told.textContent = button.dataset.done;
      setTimeout(() => {
        label.textContent = before;
        if (told) told.textContent = "";
      }, 2500);
    });
  }

  // What is shown once is not left by accident.
  if (one("[data-guard]")) {
    let stored = false;
    one("[data-leave]")?.addEventListener("click", () => {
      stored = true;
    });
    window.addEventListener("beforeunload", (event) => {
      if (!stored) event.preventDefault();
    });
  }

  // A lifetime of one's own: the choice follows the field, and the date is computed.
  const amount = one("[data-amount]");
  const unit = one("[data-unit]");
  const until = one("[data-until]");
  if (amount && unit && until) {
    const custom = document.getElementById("custom");
    const show = () => {
      const hours = Number.parseInt(amount.value, 10) * (unit.value === "hours" ? 1 : 24);
      const end = new Date(Date.now() + hours * 3_600_000);
      const known = hours > 0 && !Number.isNaN(end.getTime());
      const day = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
      const locale = document.documentElement.lang === "de" ? "de-DE" : "en-GB";
      until.textContent = known ? `${until.dataset.until} ${end.toLocaleDateString(locale, day)}` : "";
    };
    const choose = () => {
      custom.checked = true;
      show();
    };
    amount.addEventListener("input", choose);
    unit.addEventListener("change", choose);
    show();
  }

  // A long list to choose from is narrowed to what holds all the words.
  const finder = one("[data-finder]");
  if (finder) {
    const field = finder.querySelector("input");
    const found = finder.querySelector("[role=status]");
    finder.hidden = false;
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      for (const option of all("[data-group] .option")) {
        const text = `${option.querySelector("input").value} ${option.textContent}`.toLowerCase();
        option.hidden = !words.every((word) => text.includes(word));
      }
      for (const group of all("[data-group]")) {
        group.hidden = !group.querySelector(".option:not([hidden])");
      }
      const [shown, total] = [all("[data-group] .option:not([hidden])").length, all("[data-group] .option").length];
      found.textContent = field.value.trim() ? `${shown} / ${total}` : "";
    });
  }

  // Of what each choice means, that of the chosen one is shown.
  for (const choice of all("[data-shows]")) {
    const place = document.getElementById(choice.dataset.shows);
    const show = () => {
      for (const part of place.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== choice.value;
      place.hidden = !choice.value;
    };
    choice.addEventListener("change", show);
    show();
  }

  // A form is sent once, however often its button is pressed.
  for (const form of all("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of all("form[data-sent]")) delete form.dataset.sent;
  });
})();

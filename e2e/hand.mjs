// A person's hand: the same way through the pages with a mouse, or with nothing but a keyboard.

import assert from "node:assert/strict";

// How often Tab is pressed before a thing counts as out of reach.
const REACH = 200;

class Mouse {
  constructor(page) {
    this.page = page;
  }

  press = (thing) => thing.click();
  type = (field, text) => field.fill(text);
  tick = (box) => box.check();
  choose = (select, label) => select.selectOption({ label });
}

class Keyboard {
  constructor(page) {
    this.page = page;
  }

  // Presses Tab until `there` holds; whatever has the focus on the way must show it.
  async #tabTo(what, there) {
    for (let presses = 0; presses < REACH; presses += 1) {
      await this.page.keyboard.press("Tab");
      const visible = await this.page.evaluate(() => {
        const element = document.activeElement;
        const ring = (one) => one && getComputedStyle(one).outlineStyle !== "none";
        return element === document.body || ring(element) || ring(element.closest(".option"));
      });
      assert.ok(visible, `what has the focus on the way to ${what} shows it`);
      if (await there()) return;
    }
    assert.fail(`Tab does not reach ${what}`);
  }

  async #reach(thing) {
    // What was pressed before may still be on its way to another page.
    await thing.waitFor();
    await this.#tabTo(thing, () => thing.evaluate((element) => element === document.activeElement));
  }

  async press(thing) {
    await this.#reach(thing);
    await this.page.keyboard.press("Enter");
  }

  async type(field, text) {
    await this.#reach(field);
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }

  async tick(box) {
    if (await box.isChecked()) return;
    if ((await box.getAttribute("type")) === "checkbox") {
      await this.#reach(box);
      await this.page.keyboard.press("Space");
    } else {
      // Tab reaches a group of radio buttons, the arrows those within.
      const name = await box.getAttribute("name");
      await this.#tabTo(box, () => this.page.evaluate((name) => document.activeElement.name === name, name));
      await this.page.keyboard.press("Space");
      for (let presses = 0; presses < 20 && !(await box.isChecked()); presses += 1) await this.page.keyboard.press("ArrowDown");
    }
    assert.ok(await box.isChecked());
  }

  async choose(select, label) {
    await this.#reach(select);
    await this.page.keyboard.type(label);
    assert.equal(await select.evaluate((select) => select.selectedOptions[0].label), label);
  }
}

// Each way to use the pages: the options of the browser, and a hand for a page.
export const HANDS = {
  "with a mouse": [{}, (page) => new Mouse(page)],
  "by keyboard alone": [{}, (page) => new Keyboard(page)],
  "without JavaScript": [{ javaScriptEnabled: false }, (page) => new Mouse(page)],
};

"""How long another process may keep us waiting."""

import threading
from contextlib import contextmanager

SECONDS = 60


@contextmanager
def bounded(process):
    """Kills the process where what is waited for within does not come: then it ends, and whoever reads from it is told so."""
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

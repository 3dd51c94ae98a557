"""A server program for tests and benchmarks: started in a temporary folder of its own, on
free ports of 127.0.0.1 alone, and ended with the process that started it."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from servers import ROOT, ServerError, end_with_parent, free_port


class Program:
    """A context manager; `port` is where it listens, `folder` where it may write."""

    name = None
    patience_s = 60
    _process = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"shoestring-{self.name}-"))
        try:
            self._prepare()
            for attempt in range(3):  # another process may take the port first
                self.port = free_port()
                if self._launch(last=attempt == 2):
                    return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self._process:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def process_id(self):
        return self._process.pid

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def _prepare(self):
        """What has to lie in the folder."""

    def _command(self):
        """The program and its arguments."""
        raise NotImplementedError

    def _answers(self):
        """True when it can be used; may throw OSError until then."""
        raise NotImplementedError

    def _launch(self, last):
        """Starts it and waits for an answer; False if a port was taken."""
        command = self._command()
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True,
                # A JVM that is told to quit prints its threads, and goes on.
                preexec_fn=lambda: end_with_parent(by=signal.SIGKILL),
                env={**os.environ, "PYTHONPATH": str(ROOT / ".deps/python")})
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                if "already in use" in self.log() and not last:
                    return False
                raise ServerError(f"{self.name} did not start:\n{self.log()[-5000:]}")
            with contextlib.suppress(OSError):
                if self._answers():
                    return True
            time.sleep(0.1)
        raise ServerError(
            f"{self.name} gave no answer in {self.patience_s} s:\n{self.log()[-5000:]}")

"""Texts that stand elsewhere: ``${NAME}`` in the environment, ``file:path`` in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pv_heater.config_yaml import without_invisible
from pv_heater.core.setting import SettingProblem

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_SHORTEST_HIDDEN = 4
"""Shorter texts are hidden only in quotes: hiding each `1` of a sentence would hide the sentence."""


class Secrets:
    """Fetches such texts, and keeps them out of messages."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        """`folder` is where a relative ``file:`` path starts."""
        self._environ = environ
        self._folder = folder
        self._hidden: set[str] = set()
        self.in_the_settings = False
        """Whether a secret stands in the configuration itself."""
        self.files: set[Path] = set()
        """The files that secrets were read from."""

    def fetch(self, text: str, *, secret: bool) -> str:
        """The text meant by `text`; raises SettingProblem that names the variable or file, never a value.

        With `secret`, the text is kept out of messages even when it stands in the configuration itself.
        """
        result = self._first_line(text[5:].strip()) if text.startswith("file:") else self._substituted(text)
        if secret and text.startswith("file:"):
            self.files.add(self._folder / Path(text[5:].strip()).expanduser())
        elif secret and result and result == text:
            self.in_the_settings = True
        if result and (secret or result != text):
            self._hidden.add(result)
        return result

    def hide(self, message: str) -> str:
        """The message without any text that `fetch` brought from elsewhere or that is secret."""
        for text in sorted(self._hidden, key=len, reverse=True):
            message = message.replace(repr(text), "(secret)")
            if len(text) >= _SHORTEST_HIDDEN:
                message = message.replace(text, "(secret)")
        return message

    def _substituted(self, text: str) -> str:
        def value_of(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._environ:
                raise SettingProblem(f"names the environment variable {name}, which is not set")
            return without_invisible(self._environ[name])

        return _VARIABLE.sub(value_of, text)

    def _first_line(self, name: str) -> str:
        path = self._folder / name
        try:
            path = self._folder / Path(name).expanduser()
            lines = without_invisible(path.read_text(encoding="utf-8-sig")).splitlines()
        except UnicodeDecodeError:
            raise SettingProblem(
                f"is to be read from {path}, which is not UTF-8 text; save it as UTF-8 in the editor"
            ) from None
        except FileNotFoundError:
            raise SettingProblem(
                f"is to be read from {path}, which does not exist; write the secret into it, as its only line"
            ) from None
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SettingProblem(f"is to be read from {path}, but: {reason}") from None
        if not lines or not lines[0].strip():
            raise SettingProblem(f"is to be read from {path}, whose first line is empty")
        text = lines[0].strip()
        if not text.isprintable():
            raise SettingProblem(f"is to be read from {path}, whose first line holds control characters")
        return text

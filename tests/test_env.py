"""env.sh, sourced as people do it: in bash and zsh, from any folder, without network."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

pytestmark = pytest.mark.process


@pytest.fixture(params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest) -> str:
    path = shutil.which(request.param)
    if path is None:
        pytest.skip(f"{request.param} is not installed")
    return path


def copy_to(folder: Path) -> Path:
    """A checkout of its own: what env.sh reads, and nothing else. The blank must do no harm."""
    copy = folder / "a checkout"
    copy.mkdir()
    shutil.copy(PROJECT / "env.sh", copy)
    shutil.copytree(PROJECT / "requirements", copy / "requirements")
    return copy


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A checkout whose .venv was filled earlier. It has no pip, so installing anything would fail."""
    copy = copy_to(tmp_path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(copy / ".venv")], check=True)
    stamp = subprocess.run(
        ["cksum"], stdin=(copy / "requirements" / "dev.txt").open(), capture_output=True, text=True, check=True
    )
    (copy / ".venv" / "installed").write_text(f"{stamp.stdout.strip()}\ndev\n")
    return copy


@pytest.fixture(scope="module")
def hopeless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout that wants what cannot be had."""
    copy = copy_to(tmp_path_factory.mktemp("hopeless"))
    (copy / "requirements" / "run.txt").write_text("requests==999\n")
    yield copy
    shutil.rmtree(copy)


def source(shell: str, script: str, checkout: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `script` in `folder`; $CHECKOUT is the checkout, and pip knows no index."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PIP_"))}
    environ |= {
        "CHECKOUT": str(checkout),
        "PIP_NO_INDEX": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run([shell, "-c", script], cwd=folder, env=environ, capture_output=True, text=True, timeout=150)


def test_sourcing_again_only_activates_offline_and_in_under_a_second(
    shell: str, installed: Path, tmp_path: Path
) -> None:
    began = os.times()
    done = source(shell, '. "$CHECKOUT/env.sh" && command -v python && pwd', installed, tmp_path)
    ended = os.times()
    used_s = ended.children_user + ended.children_system - began.children_user - began.children_system
    assert used_s < 1.0, "of processor time: with nothing else to do it takes no longer"
    assert done.stdout.splitlines() == [str(installed / ".venv" / "bin" / "python"), str(tmp_path)]
    assert (done.returncode, done.stderr) == (0, "")


def test_sourcing_twice_in_one_strict_shell_changes_nothing(shell: str, installed: Path, tmp_path: Path) -> None:
    script = 'set -eu; . "$CHECKOUT/env.sh"; once="$PATH"; . "$CHECKOUT/env.sh" dev; [ "$once" = "$PATH" ] && echo same'
    done = source(shell, script, installed, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "same\n", "")


def test_no_function_is_left_behind(shell: str, installed: Path, tmp_path: Path) -> None:
    script = '. "$CHECKOUT/env.sh"; command -v _pv_heater_env || echo none'
    assert source(shell, script, installed, tmp_path).stdout == "none\n"


def test_an_unknown_word_is_refused_and_the_shell_lives(shell: str, installed: Path, tmp_path: Path) -> None:
    done = source(shell, '. "$CHECKOUT/env.sh" all; echo "alive $?"', installed, tmp_path)
    assert done.stdout == "alive 1\n"
    assert done.stderr == "env.sh: knows no 'all'; use '. ./env.sh' or '. ./env.sh dev'\n"


def test_an_installation_that_fails_is_one_sentence_and_the_shell_lives(
    shell: str, hopeless: Path, tmp_path: Path
) -> None:
    """The second shell finds the environment that the first one made, and tries again."""
    script = '. "$CHECKOUT/env.sh" && echo installed; echo "alive $? ${VIRTUAL_ENV:-inactive}"'
    done = source(shell, script, hopeless, tmp_path)
    assert done.stdout.splitlines()[-1] == "alive 1 inactive"
    assert "installed" not in done.stdout.splitlines()
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("env.sh: the installation failed: ")
    assert "requests==999" in sentence
    assert not (hopeless / ".venv" / "installed").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence_and_the_shell_lives(shell: str, tmp_path: Path) -> None:
    copy = copy_to(tmp_path)
    (copy / ".venv").write_text("a file where the environment should go")
    done = source(shell, '. "$CHECKOUT/env.sh"; echo "alive $?"', copy, tmp_path)
    assert done.stdout == "alive 1\n"
    (sentence,) = done.stderr.splitlines()
    assert "could not make" in sentence

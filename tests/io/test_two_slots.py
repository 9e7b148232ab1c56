"""What was written whole is there after any cut, and whatever stands under the name, nobody waits or believes it."""

import os
import stat
from pathlib import Path

import pytest

from pv_heater.io.two_slots import PAGE_BYTES, SLOT_BYTES, TwoSlots


def test_the_newest_is_found_again_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "counts.bin"
    slots = TwoSlots(path)
    assert slots.found is None
    assert not path.exists()
    for number in range(5):
        slots.write({"n": number})
        assert TwoSlots(path).found == {"n": number}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 2 * SLOT_BYTES


def test_a_cut_at_any_byte_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "counts.bin"
    slots = TwoSlots(path)
    for number in (1, 2):
        slots.write({"n": number})
    before = path.read_bytes()
    slots.write({"n": 3})
    after = path.read_bytes()
    begins = next(at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
    begins -= begins % SLOT_BYTES
    changed = [at for at in range(begins, begins + PAGE_BYTES) if before[at] != after[at]]
    for cut in changed:
        path.write_bytes(before[:begins] + after[begins:cut] + before[cut:])
        assert TwoSlots(path).found == {"n": 2}, cut
        path.write_bytes(before[:begins] + bytes(cut - begins) + after[cut:])  # sectors in another order
        assert TwoSlots(path).found in ({"n": 2}, {"n": 3}), cut
    path.write_bytes(after)
    assert TwoSlots(path).found == {"n": 3}


def test_after_a_damaged_slot_the_next_write_spares_the_good_one(tmp_path: Path) -> None:
    path = tmp_path / "counts.bin"
    slots = TwoSlots(path)
    for number in (1, 2, 3):
        slots.write({"n": number})
    with path.open("r+b") as file:
        file.seek(SLOT_BYTES)  # 3 stands there
        file.write(b"\xff" * 100)
    again = TwoSlots(path)
    assert again.found == {"n": 2}
    again.write({"n": 4})
    with path.open("r+b") as file:
        file.seek(SLOT_BYTES)
        file.write(b"\xff" * 100)
    assert TwoSlots(path).found == {"n": 2}, "4 took the damaged one's place"


@pytest.mark.parametrize("content", [b"", b"pvslots1", b"\0" * 100, b"\xff" * (2 * SLOT_BYTES), b"[" * 9000])
def test_rubbish_is_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "counts.bin"
    path.write_bytes(content)
    slots = TwoSlots(path)
    assert slots.found is None
    slots.write({"n": 1})
    assert TwoSlots(path).found == {"n": 1}


def test_neither_a_link_nor_a_pipe_is_written_or_waited_for_and_a_folder_makes_room(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("too")
    for name in ("link", "pipe"):
        slots = TwoSlots(tmp_path / name)
        assert slots.found is None
        with pytest.raises(OSError, match=name):
            slots.write({"n": 1})
    assert (tmp_path / "target").read_text() == "mine"
    TwoSlots(tmp_path / "folder").write({"n": 1})
    assert TwoSlots(tmp_path / "folder").found == {"n": 1}, "a folder was put aside as it is"
    assert (tmp_path / "folder.folder-1" / "mine").read_text() == "too"


def test_what_does_not_fit_is_refused_and_the_last_one_stays(tmp_path: Path) -> None:
    slots = TwoSlots(tmp_path / "counts.bin")
    slots.write({"n": 1})
    with pytest.raises(ValueError, match="a slot 32768"):
        slots.write({"n": os.urandom(SLOT_BYTES).hex()})
    assert TwoSlots(tmp_path / "counts.bin").found == {"n": 1}

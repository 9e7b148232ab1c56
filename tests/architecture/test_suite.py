"""What several tests look at is made once: they stay in one worker."""

import os

import pytest


@pytest.mark.xdist_group("one worker")
@pytest.mark.parametrize("part", range(4))
def test_the_tests_of_a_group_run_in_one_worker(
    part: int, tmp_path_factory: pytest.TempPathFactory, testrun_uid: str
) -> None:
    own = tmp_path_factory.getbasetemp()
    met = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"group of {testrun_uid}"
    met.mkdir(exist_ok=True)
    (met / str(os.getpid())).touch()
    assert len(list(met.iterdir())) == 1

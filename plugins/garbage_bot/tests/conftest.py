from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def shared():
    """The lists of real cities, where they lie beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here: real cities' lists cannot be tried")
    return SHARED

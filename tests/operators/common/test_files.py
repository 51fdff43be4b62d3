from __future__ import annotations

import os

import pytest

from airflow_provider_smartrecruiters.exceptions import InvalidInputError
from airflow_provider_smartrecruiters.operators.common.files import read_bytes


def read(location, max_bytes=100):
    return read_bytes("avatar_path", location, max_bytes=max_bytes)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "jane.doe.png"
    path.write_bytes(b"x" * 100)
    return path


def test_a_path_a_path_object_and_a_uri(image):
    assert read(str(image)) == read(image) == read(f"file://{image}") == b"x" * 100


def test_a_relative_path_is_below_the_working_directory(image, monkeypatch):
    monkeypatch.chdir(image.parent)
    assert read(image.name) == b"x" * 100


def test_object_storage():
    from airflow.providers.common.compat.sdk import ObjectStoragePath
    from fsspec.implementations.memory import MemoryFileSystem

    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach

    attach(protocol="memory", fs=MemoryFileSystem())
    path = ObjectStoragePath("memory://bucket/avatars/jane.doe.png")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"y" * 100)

    assert read(path) == read(str(path)) == b"y" * 100
    with pytest.raises(InvalidInputError, match="does not exist"):
        read("memory://bucket/avatars/none.png")
    with pytest.raises(InvalidInputError, match="larger than 99 bytes"):
        read(path, max_bytes=99)


def test_a_file_over_the_size_is_refused(image):
    with pytest.raises(InvalidInputError, match="avatar_path names a file larger than 99 bytes"):
        read(image, max_bytes=99)


def test_a_file_is_measured_before_it_is_read(image):
    # 1 TiB on paper, and nothing on the disk: reading it would take the machine down.
    os.truncate(image, 2**40)
    with pytest.raises(InvalidInputError, match="larger than 100 bytes"):
        read(image)


@pytest.mark.parametrize("location", ["", "  ", None, 5, ["a"]])
def test_no_location(location):
    with pytest.raises(InvalidInputError, match="avatar_path does not name a file"):
        read(location)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("{}/none.png", "does not exist"),
        ("file://{}/none.png", "does not exist"),
        ("{}/jane.doe.png/none.png", "does not exist"),
        ("{}", "a directory or a device"),
        ("/dev/zero", "a directory or a device"),
        ("nosuchstorage://bucket/jane.doe.png", "is not a path or URI that this Airflow can read"),
        # Airflow 2.11 and 3.0 know only the storages of installed providers.
        ("oci://bucket/jane.doe.png", r"library is not installed \(Install ocifs|that this Airflow can read"),
        ("{}/jane\0.png", "is not a path or URI|does not exist"),
    ],
)
def test_a_location_that_is_not_a_file_is_refused(image, location, message):
    with pytest.raises(InvalidInputError, match=f"avatar_path .*({message})") as caught:
        read(location.format(image.parent))
    assert caught.value.fields == ("avatar_path",)
    assert caught.value.hint
    assert "jane" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(image):
    image.chmod(0)
    with pytest.raises(InvalidInputError, match="the worker may not read"):
        read(image)


def test_a_link_is_followed_and_its_file_measured(image, tmp_path):
    link = tmp_path / "link.png"
    link.symlink_to(image)
    assert read(link) == b"x" * 100
    os.truncate(image, 2**40)
    with pytest.raises(InvalidInputError, match="larger than 100 bytes"):
        read(link)


def test_a_broken_link_and_a_link_to_itself(tmp_path):
    circle = tmp_path / "circle.png"
    circle.symlink_to(circle)
    with pytest.raises(InvalidInputError, match="names a symbolic link that points back to itself"):
        read(circle)
    nowhere = tmp_path / "nowhere.png"
    nowhere.symlink_to(tmp_path / "none.png")
    with pytest.raises(InvalidInputError, match="does not exist"):
        read(nowhere)


@pytest.mark.timeout(30)
def test_endless_files_are_not_read(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    link = tmp_path / "to_the_pipe.png"
    link.symlink_to(pipe)
    for endless in (pipe, link, "/dev/zero"):
        with pytest.raises(InvalidInputError, match="not a file"):
            read(endless)

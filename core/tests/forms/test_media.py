"""Photos and files at their ingress: nothing of the place stays in, nothing breaks the worker."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from madoguchi.forms import Mistake, media


def opened(upload: media.Upload) -> Image.Image:
    return Image.open(io.BytesIO(upload.bytes))


def with_exif(photo, **tags: object) -> bytes:
    """A photo that knows where it was taken, by whom, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = tags.get("orientation", 1)
    exif[0x010F] = "CANARY-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[29] = "CANARY-PLACE"
    return photo(exif=exif, comment=b"CANARY-COMMENT")


def test_nothing_but_the_picture_is_kept(photo):
    data = with_exif(photo)
    assert b"CANARY-MAKER" in data
    assert b"CANARY-COMMENT" in data
    upload = media.read_photo(data)
    assert b"CANARY" not in upload.bytes
    assert opened(upload).getexif() == {}
    assert upload.original == data


def test_a_photo_that_lies_on_its_side_is_turned(photo):
    upload = media.read_photo(with_exif(photo, orientation=6))
    image = opened(upload)
    assert image.size == (20, 40)
    red, green, _ = image.getpixel((18, 2))  # what was top left is top right now
    assert red > 200 > 60 > green


@pytest.mark.parametrize(("size", "kept"), [((4000, 1000), (2048, 512)), ((10, 10), (10, 10))])
def test_large_photos_become_smaller(photo, size, kept):
    assert opened(media.read_photo(photo(*size))).size == kept


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_other_pictures_become_jpeg(photo, kind):
    upload = media.read_photo(photo(format=kind))
    assert (upload.content_type, opened(upload).format) == ("image/jpeg", "JPEG")


def test_what_is_transparent_becomes_white():
    data = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(data, "PNG")
    assert min(opened(media.read_photo(data.getvalue())).getpixel((4, 4))) > 250


def png_of(width: int, height: int) -> bytes:
    """A small file that says that it is this large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(10_000, 6_000), (12_000, 10_000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(size):
    with pytest.raises(Mistake):
        media.read_photo(png_of(*size))


def test_too_many_bytes_are_refused(monkeypatch, photo):
    monkeypatch.setattr(media, "MAX_BYTES", 100)
    with pytest.raises(Mistake) as caught:
        media.read_photo(photo())
    assert "大きすぎます" in str(caught.value.text)


@given(data=st.binary(max_size=200), cut=st.integers(0, 600))
@settings(deadline=None)
def test_what_is_no_photo_gets_a_sentence(data, cut):
    image = io.BytesIO()
    Image.new("RGB", (30, 30), "red").save(image, "JPEG")
    for broken in (data, image.getvalue()[:cut] + data):
        try:
            upload = media.read_photo(broken)
        except Mistake:
            continue
        assert opened(upload).size == (30, 30)


def test_vectors_and_documents_are_no_photos():
    for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", b"%!PS-Adobe", b""):
        with pytest.raises(Mistake):
            media.read_photo(data)


def test_files_are_known_by_their_bytes(photo):
    pdf = b"%PDF-1.7\n..."
    upload = media.read_file(pdf, "証明書.pdf", ["application/pdf"])
    assert (upload.kind, upload.content_type, upload.bytes) == ("file", "application/pdf", pdf)
    picture = media.read_file(photo(), "x.pdf", ["application/pdf", "image/jpeg"])
    assert picture.content_type == "image/jpeg"
    for data, types in (
        (photo(), ["application/pdf"]),
        (b"MZ\x90", ["application/pdf", "image/png"]),
    ):
        with pytest.raises(Mistake):
            media.read_file(data, "証明書.pdf", types)

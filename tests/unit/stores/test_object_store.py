"""Objects in S3: pinned, downloaded whole, marked until they are committed, and shared by links that work."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
import requests

from infra.local.aws_gateway import AwsGateway
from shared.domain.task import Source
from shared.domain.upload import Upload
from shared.errors import AccessDenied, Interrupted, MediaRejected, NotFound, NotReadable, ServiceBusy
from shared.stores.object_store import (
    TRANSFER,
)
from shared.stores.presigned_links import MAX_UPLOAD_BYTES, SINGLE_UPLOAD_BYTES, PresignedLinks, UploadPlan
from shared.stores.s3 import SHORTEST_SESSION, S3Connection
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.emulator import Emulator
from tests.support.factories import make_output
from tests.support.outages import outage, refusal

GIB = 1024**3
A_SOURCE = Source("input", "a", 1, "e")
ODD_NAMES = ["a b+c%20d&e=f?g#h", "Überraschung é", "予告編", "😀", "quote'\"q"]


def plan(services: ClockedServices, size: int, key: str = "uploads/a.mp4") -> UploadPlan:
    return services.links.plan_upload("input", key, size, "video/mp4", 600)


def signed(url: str) -> dict[str, str]:
    """Return what a link's query says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_source_is_pinned_to_the_version_that_stands_there(services: ClockedServices) -> None:
    first = put("uploads/clip.mp4", b"first")
    second = put("uploads/clip.mp4", b"second!")

    assert services.objects.read_source("input", "uploads/clip.mp4") == second
    assert services.objects.read_source("input", "uploads/clip.mp4", first.version_id) == first


def test_in_a_bucket_without_versions_a_source_is_pinned_by_its_etag(services: ClockedServices) -> None:
    client("s3").create_bucket(Bucket="plain")
    source = put("clip.mp4", b"once", "plain")

    assert source.version_id is None
    assert services.objects.read_source("plain", "clip.mp4") == source


def test_a_small_output_is_read_whole_until_it_is_gone(services: ClockedServices) -> None:
    put("a/master.m3u8", b"#EXTM3U", "output")

    assert services.objects.read(make_output("a/master.m3u8")) == b"#EXTM3U"
    with pytest.raises(NotFound, match=r"gone\.m3u8 was deleted") as caught:
        services.objects.read(make_output("a/gone.m3u8"))
    assert caught.value.code == "OutputNotFound"


def test_an_output_that_s3_does_not_hand_out_now_is_worth_another_try(services: ClockedServices) -> None:
    with outage("GetObject"), pytest.raises(ServiceBusy):
        services.objects.read(make_output())


@pytest.mark.parametrize(
    ("code", "error"),
    [("404", NotFound), ("403", NotReadable), ("400", NotFound), ("405", NotFound), ("NoSuchBucket", NotFound)],
)
def test_a_source_that_s3_does_not_show_is_not_found(
    services: ClockedServices, code: str, error: type[NotFound]
) -> None:
    with (
        outage("HeadObject", error=refusal(code)),
        pytest.raises(NotFound, match="does not exist") as missing,
    ):
        services.objects.read_source("input", "a.mp4")

    assert type(missing.value) is error


def listed(
    services: ClockedServices, *, prefix: str = "", limit: int = 100, bucket: str = "input"
) -> list[list[Upload]]:
    """Turn all pages of a bucket's listing."""
    pages: list[list[Upload]] = []
    after = None
    while not pages or after is not None:
        listing = services.objects.list_newest(bucket, prefix, limit, after)
        pages.append(list(listing.uploads))
        after = listing.last_key
    return pages


def test_a_bucket_is_listed_by_the_newest_versions_of_what_is_there(services: ClockedServices) -> None:
    put("uploads/twice.mp4", b"old")
    newest = [put("uploads/once.mp4", b"x"), put("uploads/twice.mp4", b"newer")]
    put("uploads/deleted.mp4", b"x")
    client("s3").delete_object(Bucket="input", Key="uploads/deleted.mp4")
    put("elsewhere/a.mp4", b"x")

    (found,) = listed(services, prefix="uploads/")

    assert [Source(u.bucket, u.key, u.size, u.e_tag, u.version_id) for u in found] == newest
    assert {u.sequencer for u in found} == {""}
    head = client("s3").head_object(Bucket="input", Key="uploads/once.mp4")
    assert found[0].at == int(head["LastModified"].timestamp() * 1000)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_of_a_listing_show_every_object_once_by_its_key(services: ClockedServices, limit: int) -> None:
    names = sorted(f"uploads/{name}.mp4" for name in ODD_NAMES)
    for name in names:
        put(name, b"old")
        put(name, b"new")

    pages = listed(services, limit=limit)

    assert [upload.key for page in pages for upload in page] == names
    assert all(len(page) <= limit for page in pages)


def test_in_a_bucket_without_versions_a_listing_names_none(services: ClockedServices) -> None:
    client("s3").create_bucket(Bucket="plain")
    put("clip.mp4", b"once", "plain")

    ((upload,),) = listed(services, bucket="plain")

    assert (upload.key, upload.version_id) == ("clip.mp4", None)


def test_an_empty_bucket_is_an_empty_listing(services: ClockedServices) -> None:
    assert listed(services) == [[]]


@pytest.mark.parametrize("bucket", ["nope", "not a bucket"])
def test_a_bucket_that_is_not_there_is_not_found(services: ClockedServices, bucket: str) -> None:
    with pytest.raises(NotFound, match=f"there is no bucket {bucket}") as missing:
        services.objects.list_newest(bucket, "", 10, None)

    assert missing.value.code == "BucketNotFound"


def test_a_bucket_that_may_not_be_listed_is_not_found(services: ClockedServices) -> None:
    with outage("ListObjectVersions", error=refusal("AccessDenied", 403)), pytest.raises(NotFound):
        services.objects.list_newest("input", "", 10, None)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_is_fetched_is_what_was_pinned(services: ClockedServices, tmp_path: Path, name: str) -> None:
    old = put(f"uploads/{name}.mp4", b"the old film")
    put(f"uploads/{name}.mp4", b"the new one")

    services.objects.download(old, tmp_path / "source")

    assert (tmp_path / "source").read_bytes() == b"the old film"


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [
        ("404", MediaRejected, "SourceFileError.Deleted"),
        ("NoSuchVersion", MediaRejected, "SourceFileError.Deleted"),
        ("403", AccessDenied, "InternalError.AccessDenied"),
        ("AccessDenied", AccessDenied, "InternalError.AccessDenied"),
        ("InvalidObjectState", MediaRejected, "SourceFileError.Archived"),
        ("KMS.DisabledException", Interrupted, "InternalError.Storage"),
        ("PreconditionFailed", MediaRejected, "SourceFileError.Changed"),
        ("InternalError", Interrupted, "InternalError.Storage"),
    ],
)
def test_a_failed_fetch_says_whether_another_can_help(
    services: ClockedServices, tmp_path: Path, code: str, error: type[Exception], told: str
) -> None:
    for version, call in (("v1", "HeadObject"), (None, "GetObject")):
        source = Source("input", "a.mp4", 1, "etag", version)
        with outage(call, error=refusal(code)), pytest.raises(error) as failed:
            services.objects.download(source, tmp_path / "source")
        assert getattr(failed.value, "code", None) == told


def test_an_output_of_an_attempt_is_marked_until_it_is_committed(services: ClockedServices, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"film")
    output = make_output()

    services.objects.upload(tmp_path / "x", output, ())
    place = {"Bucket": "output", "Key": output.key}
    marked = client("s3").get_object_tagging(**place)["TagSet"]
    services.objects.commit([output])

    assert marked == [{"Key": "reelmill", "Value": "attempt"}]
    assert client("s3").get_object_tagging(**place)["TagSet"] == []
    assert client("s3").get_object(**place)["ContentType"] == "video/mp4"


def test_an_output_deleted_before_its_commit_does_not_stop_the_commit_of_others(
    services: ClockedServices, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(b"film")
    services.objects.upload(tmp_path / "x", make_output("a/kept.mp4"), ())

    with outage("DeleteObjectTagging", error=refusal("NoSuchKey", 404)):  # the emulator breaks down over it
        services.objects.commit([make_output("a/deleted.mp4"), make_output("a/kept.mp4")])

    assert client("s3").get_object_tagging(Bucket="output", Key="a/kept.mp4")["TagSet"] == []


def test_discarded_outputs_are_gone(services: ClockedServices) -> None:
    put("a/kept.mp4", b"x", "output")
    put("a/lost.mp4", b"x", "output")

    services.objects.discard([make_output("a/lost.mp4"), make_output("a/never-there.mp4")])

    assert keys() == ["a/kept.mp4"]


@pytest.mark.parametrize(
    ("call", "act", "error"),
    [
        ("HeadObject", lambda services, _: services.objects.read_source("input", "a"), ServiceBusy),
        ("ListObjectVersions", lambda services, _: services.objects.list_newest("input", "", 10, None), ServiceBusy),
        (
            "GetObject",
            lambda services, path: services.objects.download(A_SOURCE, path),
            Interrupted,
        ),
        (
            "HeadObject",
            lambda services, path: services.objects.download(replace(A_SOURCE, version_id="v"), path),
            Interrupted,
        ),
        ("PutObject", lambda services, path: services.objects.upload(path, make_output(), ()), Interrupted),
        ("DeleteObjectTagging", lambda services, _: services.objects.commit([make_output()]), ServiceBusy),
        ("DeleteObject", lambda services, _: services.objects.discard([make_output()]), ServiceBusy),
        (
            "CreateMultipartUpload",
            lambda services, _: services.links.plan_upload("input", "a", SINGLE_UPLOAD_BYTES + 1, "video/mp4", 60),
            ServiceBusy,
        ),
    ],
)
def test_a_broken_line_to_s3_is_a_temporary_error(
    services: ClockedServices,
    tmp_path: Path,
    call: str,
    act: Callable[[ClockedServices, Path], object],
    error: type[Exception],
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"film")

    with outage(call), pytest.raises(error, match="S3 did not answer"):
        act(services, path)


def test_an_output_that_s3_refuses_is_reported_with_the_code_of_the_refusal(
    services: ClockedServices, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(b"film")

    with outage("PutObject", error=refusal("AccessDenied")), pytest.raises(Interrupted, match=r": AccessDenied$"):
        services.objects.upload(tmp_path / "x", make_output(), ())


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_link_gets_the_file_under_its_own_name(services: ClockedServices, name: str) -> None:
    put(f"a/{name}.mp4", b"film", "output")

    url = services.links.link("output", f"a/{name}.mp4", 60, content_type="video/mp4", attachment=True)
    answer = requests.get(url, timeout=10)

    assert (answer.status_code, answer.content) == (200, b"film")
    assert unquote(urlsplit(url).path).endswith(f"/a/{name}.mp4")
    kind, _, saved_as = signed(url)["response-content-disposition"].partition("; filename*=UTF-8''")
    assert (kind, unquote(saved_as)) == ("attachment", f"{name}.mp4")
    assert saved_as.isascii()
    assert "/" not in saved_as
    assert '"' not in saved_as


def test_a_link_to_play_names_version_kind_and_end(services: ClockedServices) -> None:
    source = put("uploads/clip.mp4", b"film")

    url = services.links.link(
        "input", source.key, 60, version_id=source.version_id, content_type="video/mp4", attachment=False
    )

    said = signed(url)
    assert (said["versionId"], said["X-Amz-Expires"]) == (source.version_id, "60")
    assert said["response-content-type"] == "video/mp4"
    assert said["response-content-disposition"].startswith("inline; ")
    assert said["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"


def test_a_link_goes_to_the_region_of_the_bucket(services: ClockedServices, monkeypatch: pytest.MonkeyPatch) -> None:
    assert services
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    url = PresignedLinks(S3Connection()).link(
        "reelmill-output", "a.mp4", 60, content_type="video/mp4", attachment=False
    )

    assert urlsplit(url).netloc == "reelmill-output.s3.eu-central-1.amazonaws.com"


def test_a_small_file_goes_up_in_one_put(services: ClockedServices) -> None:
    made = plan(services, SINGLE_UPLOAD_BYTES, "uploads/ü +%.mp4")

    assert made.url
    answer = requests.put(made.url, data=b"film", headers=dict(made.headers or {}), timeout=10)

    assert answer.status_code == 200
    assert (made.part_urls, made.complete_url) == ((), None)
    assert keys("input") == ["uploads/ü +%.mp4"]
    assert client("s3").get_object(Bucket="input", Key="uploads/ü +%.mp4")["ContentType"] == "video/mp4"


def test_a_large_file_goes_up_in_parts_that_s3_puts_together(services: ClockedServices) -> None:
    made = plan(services, SINGLE_UPLOAD_BYTES + 1)
    assert (made.url, made.part_size, len(made.part_urls)) == (None, 16 * 1024**2, 7)

    sizes = [5 * 1024**2, 3]  # moto minds S3's rule that only the last part may be smaller
    tags = [
        requests.put(url, data=b"x" * size, timeout=10).headers["ETag"]
        for url, size in zip(made.part_urls, sizes, strict=False)
    ]
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in enumerate(tags, 1)
    )
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    assert requests.post(str(made.complete_url), data=document, timeout=10).status_code == 200

    assert client("s3").head_object(Bucket="input", Key="uploads/a.mp4")["ContentLength"] == sum(sizes)


def test_an_output_whose_part_fails_midway_leaves_no_parts_behind(services: ClockedServices, tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(TRANSFER.multipart_threshold + 1)

    with outage("UploadPart"), pytest.raises(Interrupted):
        services.objects.upload(path, make_output(), ())

    assert "Uploads" not in client("s3").list_multipart_uploads(Bucket="output")


def test_a_large_upload_can_be_called_off(services: ClockedServices) -> None:
    made = plan(services, SINGLE_UPLOAD_BYTES + 1)

    assert requests.delete(str(made.abort_url), timeout=10).status_code == 204
    assert not client("s3").list_multipart_uploads(Bucket="input").get("Uploads")


@pytest.mark.parametrize("size", [SINGLE_UPLOAD_BYTES + 1, GIB, 16 * 1024**2 * 1000 + 1, MAX_UPLOAD_BYTES])
def test_the_parts_contain_the_file_within_the_limits_of_s3(services: ClockedServices, size: int) -> None:
    made = plan(services, size)

    assert made.part_size
    assert (len(made.part_urls) - 1) * made.part_size < size <= len(made.part_urls) * made.part_size
    assert 5 * 1024**2 <= made.part_size <= 5 * GIB
    assert len(made.part_urls) <= 1000
    assert [signed(url)["partNumber"] for url in made.part_urls[:3]] == ["1", "2", "3"]


def test_each_part_takes_just_the_bytes_that_it_is_for(services: ClockedServices) -> None:
    made = plan(services, 7 * 16 * 1024**2 + 5)
    gateway = AwsGateway(Emulator(), os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])

    def taken(url: str) -> list[int]:
        place = urlsplit(url)
        scope = {"method": "PUT", "raw_path": place.path.encode()}
        return [
            size
            for size in (4, 5, 6, 16 * 1024**2 - 1, 16 * 1024**2, 16 * 1024**2 + 1, 5 * GIB)
            if not gateway.failure(
                scope, {"host": place.netloc, "content-length": str(size)}, parse_qs(place.query), b""
            )
        ]

    assert [taken(url) for url in made.part_urls] == [[16 * 1024**2]] * 7 + [[5]]


@pytest.mark.parametrize(
    ("token", "left", "lasts"),
    [
        (None, None, 6 * 3600),  # keys of a user, or of the stack on a laptop, which do not expire
        ("token", 1200, 1200),
        ("token", 9 * 3600, 6 * 3600),
        ("token", -5, 0),
        ("token", None, SHORTEST_SESSION),  # Lambda does not say when the session of a function ends
    ],
)
def test_a_link_lasts_no_longer_than_the_keys_that_sign_it(
    services: ClockedServices, monkeypatch: pytest.MonkeyPatch, token: str | None, left: int | None, lasts: int
) -> None:
    credentials = SimpleNamespace(token=token)
    if left is not None:
        vars(credentials)["_expiry_time"] = datetime.now(UTC) + timedelta(seconds=left)
    links = services.links
    links.link("output", "a", 60, content_type="video/mp4", attachment=False)  # makes boto3's session
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", SimpleNamespace(get_credentials=lambda: credentials))

    assert links.lifetime(6 * 3600) == pytest.approx(lasts, abs=2)

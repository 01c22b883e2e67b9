"""Lists as files."""

import csv
import io
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from common import export_jobs, exports, files, sheets
from common.exceptions import PermanentFailure
from common.models import AuditEntry, Job

URL = "/api/v1/gadgets/export/"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def body(response):
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def rows(response):
    return list(csv.reader(io.StringIO(body(response).decode(), newline="")))


def workbook(response):
    return openpyxl.load_workbook(io.BytesIO(body(response))).active


def test_csv_holds_the_declared_columns_of_the_scope(api, make):
    make(title="Lathe", price=Decimal("-5.00"), starts_at=datetime(2027, 3, 1, 9, tzinfo=UTC))
    make(owner_uuid=uuid.uuid4())

    response = api.get(URL)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert body(response) == (b"Title,Price,Stock,Starts\r\nLathe,-5.00,0,2027-03-01T09:00:00Z\r\n")


def test_filename_names_resource_and_day(api, time_machine):
    time_machine.move_to(datetime(2027, 3, 1, 12, tzinfo=UTC))

    response = api.get(URL)

    assert response["Content-Disposition"] == 'attachment; filename="gadgets-2027-03-01.csv"'


def test_list_filters_search_and_ordering_apply(api, make):
    make(title="b lathe"), make(title="a lathe"), make(title="saw"), make(title="c", size="large")

    response = api.get(URL, {"search": "lathe", "ordering": "title", "size": "small"})

    assert [row[0] for row in rows(response)] == ["Title", "a lathe", "b lathe"]


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ({}, "*/*", "text/csv; charset=utf-8"),
        ({}, "application/json", "text/csv; charset=utf-8"),
        ({}, "text/csv", "text/csv; charset=utf-8"),
        ({}, XLSX, XLSX),
        ({"format": "xlsx"}, "*/*", XLSX),
        ({"export_format": "csv"}, XLSX, "text/csv; charset=utf-8"),
        ({"export_format": "xlsx", "format": "csv"}, "*/*", XLSX),
    ],
)
def test_type_is_chosen_by_parameter_then_by_accept(api, query, accept, expected):
    response = api.get(URL, query, HTTP_ACCEPT=accept)

    assert response["Content-Type"] == expected
    assert body(response)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("export_format", "exe"), ("format", "pdf"), ("columns", "owner_uuid")],
)
def test_unknown_choice_is_refused_in_json(api, parameter, value):
    response = api.get(URL, {parameter: value}, HTTP_ACCEPT="text/csv")

    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    assert list(response.json()["error"]["details"]) == [parameter]


def test_columns_may_be_chosen(api, make):
    make(title="Lathe", stock=3)

    assert rows(api.get(URL, {"columns": "stock,title"})) == [["Stock", "Title"], ["3", "Lathe"]]


def test_formula_stays_text_in_both_types(api, make):
    make(title='=HYPERLINK("x")')

    cell = rows(api.get(URL))[1][0]
    sheet = workbook(api.get(URL, {"export_format": "xlsx"}))

    assert cell == '\'=HYPERLINK("x")'
    assert (sheet["A2"].value, sheet["A2"].data_type) == ('=HYPERLINK("x")', "s")
    assert sheet.freeze_panes == "A2"


def test_numbers_and_times_keep_their_type_in_a_spreadsheet(api, make):
    make(price=Decimal("-5.50"), stock=3, starts_at=datetime(2027, 3, 1, 9, tzinfo=UTC))

    sheet = workbook(api.get(URL, {"export_format": "xlsx"}))

    assert [cell.value for cell in sheet[2]][1:] == [-5.5, 3, datetime(2027, 3, 1, 9)]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("|calc", "'|calc"),
        ("%0A", "'%0A"),
        ("\t=1+1", "'=1+1"),
        ("\r\n=1+1", "'=1+1"),
        ("\x00\x1b=1", "'=1"),
        ("  =1+1", "'  =1+1"),
        ("\u200b=1+1", "'\u200b=1+1"),
        ("\ufeff=1+1", "'\ufeff=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff20x", "'\uff20x"),
        ("a=1", "a=1"),
        ("", ""),
        ("\t", ""),
        (None, ""),
        (-5, "-5"),
        (-0.5, "-0.5"),
        (Decimal("-5.00"), "-5.00"),
        (True, "true"),
        (False, "false"),
        (date(2027, 3, 1), "2027-03-01"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_cells(value, cell):
    assert sheets.csv_cell(value) == cell


def test_rows_leave_in_chunks(monkeypatch):
    monkeypatch.setattr(sheets, "CHUNK_SIZE", 2)

    chunks = list(sheets.csv_chunks([["a"], ["b"], ["c"]]))

    assert chunks == [b"a\r\nb\r\n", b"c\r\n"]


@pytest.mark.parametrize("count", [1, 3])
def test_export_query_count(api, make, count, django_assert_num_queries):
    for _ in range(count):
        make()

    # the count, the audit entry, the rows
    with django_assert_num_queries(3):
        response = api.get(URL)
        exported = rows(response)

    assert len(exported) == count + 1


def test_too_many_rows_are_refused(api, make, monkeypatch):
    monkeypatch.setattr(exports, "STREAM_LIMIT", 1)
    make(), make()

    response = api.get(URL)

    assert (response.status_code, response.json()["error"]["code"]) == (422, "EXPORT_TOO_LARGE")


def test_export_leaves_a_trace(api, owner):
    body(api.get(URL, {"size": "small"}))

    entry = AuditEntry.objects.get(action="list.exported")
    assert entry.actor_uuid == owner.uuid
    assert entry.payload["resource"] == "gadgets"
    assert entry.payload["filters"] == {"size": "small"}


def test_stranger_gets_the_headings_only(gadgets, client_of, make, stranger):
    make()

    assert rows(client_of(stranger).get(URL)) == [["Title", "Price", "Stock", "Starts"]]


def test_anonymous_export_is_refused(gadgets, anonymous):
    response = anonymous.get(URL, HTTP_ACCEPT="text/csv")

    assert (response.status_code, response["Content-Type"]) == (401, "application/json")


def test_long_export_becomes_a_job_with_a_file(api, make, owner, monkeypatch):
    monkeypatch.setattr(sheets, "CHUNK_SIZE", 2)
    for number in range(5):
        make(title=f"G{number}")
    make(title="Foreign", owner_uuid=uuid.uuid4())

    response = api.post(f"{URL}?ordering=title&columns=title")
    job = Job.objects.get()
    export_jobs.write(job.pk)
    export_jobs.write(job.pk)

    assert response.status_code == 202
    assert response.json() == {
        "job": {
            "uuid": str(job.uuid),
            "url": f"http://testserver/api/v1/jobs/{job.uuid}/",
            "status": "queued",
        }
    }
    job.refresh_from_db()
    assert (job.status, job.total, job.done) == ("done", 5, 5)
    assert files.read(job.file) == b"Title\r\nG0\r\nG1\r\nG2\r\nG3\r\nG4\r\n"
    assert job.file.owner_uuid == owner.uuid


def test_job_makes_a_spreadsheet_too(api, make):
    make(title="Lathe")

    api.post(f"{URL}?export_format=xlsx")
    job = Job.objects.get()
    export_jobs.write(job.pk)

    job.refresh_from_db()
    book = openpyxl.load_workbook(io.BytesIO(files.read(job.file)))
    assert book.active["A2"].value == "Lathe"


def test_job_of_somebody_who_is_gone_is_given_up(api, owner):
    api.post(URL)
    owner.hard_delete()

    with pytest.raises(PermanentFailure):
        export_jobs.write(Job.objects.get().pk)


def test_job_has_its_limit_too(api, make, monkeypatch):
    monkeypatch.setattr(exports, "JOB_LIMIT", 1)
    make(), make()

    assert api.post(URL).json()["error"]["code"] == "EXPORT_TOO_LARGE"
    assert not Job.objects.exists()


@pytest.mark.parametrize("query", ["export_format=exe", "columns=x", "size=huge"])
def test_bad_query_starts_no_job(api, query):
    assert api.post(f"{URL}?{query}").status_code == 400
    assert not Job.objects.exists()

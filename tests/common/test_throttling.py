"""So many requests per window, each scope by its own key."""

import pytest
from redis.exceptions import ConnectionError as RedisDown

from common import throttling
from common.throttling import Bucket, Memory, Rate
from config import env

GADGETS = "/api/v1/gadgets/"
SIGN_IN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/refresh/"
INVITATION = "/api/v1/invitations/x/"
WINDOW_START = 1_803_895_200  # a whole hour
RATES = {
    "anon": "4/hour",
    "user": "3/hour",
    "auth": "2/hour",
    "refresh": "2/hour",
    "bad_token": "2/hour",
    "bulk": "1/hour",
    "import": "1/hour",
    "export": "1/hour",
    "token": "6/minute",
    "verify": "6/minute",
    "verify_upload": "1/minute",
}


@pytest.fixture(autouse=True)
def throttled(settings, gadgets, time_machine):
    settings.THROTTLING_ENABLED = True
    settings.THROTTLE_RATES = RATES
    settings.REDIS_URL = ""
    time_machine.move_to(WINDOW_START, tick=False)
    throttling.memory.clear()
    yield
    throttling.memory.clear()


def statuses(call, times):
    return [call().status_code for _ in range(times)]


def test_exactly_the_stated_number_passes(api):
    assert statuses(lambda: api.get(GADGETS), 5) == [200, 200, 200, 429, 429]


def test_refusal_names_scope_and_wait_and_keeps_the_headers(api):
    statuses(lambda: api.get(GADGETS), 3)

    response = api.get(GADGETS)

    # The full window becomes the last one; a third of it must have gone.
    assert response["Retry-After"] == str(3600 + 1200)
    assert response.json()["error"] == {
        "code": "RATE_LIMITED",
        "message": "Too many requests. Try again in 4800 seconds.",
        "details": {"scope": "user", "retry_after": 4800},
    }
    assert response["RateLimit-Policy"] == '"user";q=3;w=3600'
    assert response["RateLimit"] == '"user";r=0;t=3600'


def test_answers_tell_what_is_left(api):
    response = api.get(GADGETS)

    assert response["RateLimit-Policy"] == '"user";q=3;w=3600'
    assert response["RateLimit"] == '"user";r=2;t=3600'


def test_waiting_as_told_is_enough(api, time_machine):
    statuses(lambda: api.get(GADGETS), 3)
    wait = int(api.get(GADGETS)["Retry-After"])

    time_machine.move_to(WINDOW_START + wait - 2, tick=False)
    early = api.get(GADGETS).status_code
    time_machine.move_to(WINDOW_START + wait, tick=False)

    assert (early, api.get(GADGETS).status_code) == (429, 200)


def test_last_window_weighs_by_its_share(api, time_machine):
    statuses(lambda: api.get(GADGETS), 3)

    time_machine.move_to(WINDOW_START + 3600 + 2400, tick=False)

    # A third of 3 still weighs: 2 of 3 are free.
    assert statuses(lambda: api.get(GADGETS), 3) == [200, 200, 429]


def test_scope_of_a_view_counts_besides_the_general_one(anonymous):
    response = anonymous.post(SIGN_IN)

    assert response["RateLimit"] == '"auth";r=1;t=3600, "anon";r=3;t=3600'
    assert statuses(lambda: anonymous.post(SIGN_IN), 2) == [200, 429]
    assert anonymous.post(SIGN_IN).json()["error"]["details"]["scope"] == "auth"


def test_signing_in_is_counted_by_address_for_everybody(api, anonymous):
    statuses(lambda: anonymous.post(SIGN_IN), 2)

    assert api.post(SIGN_IN).status_code == 429


def test_link_pages_are_counted_instead_of_anonymous_calls(anonymous):
    assert statuses(lambda: anonymous.get(INVITATION), 7) == [200] * 6 + [429]
    assert anonymous.post(SIGN_IN)["RateLimit"] == '"auth";r=1;t=3600, "anon";r=3;t=3600'


def test_view_may_name_what_its_scope_counts_by(anonymous):
    first = statuses(lambda: anonymous.post(REFRESH, HTTP_X_SESSION="a"), 3)
    second = statuses(lambda: anonymous.post(REFRESH, HTTP_X_SESSION="b"), 1)

    assert (first, second) == ([200, 200, 429], [200])


def test_callers_do_not_share_their_limit(api, client_of, stranger):
    statuses(lambda: api.get(GADGETS), 4)

    assert client_of(stranger).get(GADGETS).status_code == 200


def test_refused_tokens_are_counted_by_address(anonymous):
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    assert statuses(lambda: anonymous.get(GADGETS), 3) == [401, 401, 429]
    assert anonymous.get(GADGETS).json()["error"]["details"]["scope"] == "bad_token"


def test_missing_token_is_not_counted_as_a_bad_one(anonymous):
    assert statuses(lambda: anonymous.get(GADGETS), 4) == [401] * 4


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_address_is_the_one_our_own_proxies_tell(anonymous, settings, proxies):
    settings.NUM_PROXIES = proxies
    forwarded = [f"203.0.113.{n}, 198.51.100.7, 192.0.2.1" for n in range(3)]

    answers = [anonymous.post(SIGN_IN, HTTP_X_FORWARDED_FOR=each) for each in forwarded]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_switched_off_throttles_count_nothing(api, settings):
    settings.THROTTLING_ENABLED = False

    responses = [api.get(GADGETS) for _ in range(5)]

    assert {response.status_code for response in responses} == {200}
    assert "RateLimit" not in responses[0]


def test_without_redis_each_process_counts_for_itself(api, settings, monkeypatch):
    class Down:
        def add(self, buckets, now):
            raise RedisDown("secret")

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(throttling, "_redis_down_until", 0.0)
    monkeypatch.setattr(throttling, "_shared", lambda url: Down())

    assert statuses(lambda: api.get(GADGETS), 4) == [200, 200, 200, 429]


def test_a_flood_of_addresses_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(throttling, "MEMORY_SIZE", 10)
    memory = Memory()

    for address in range(100):
        memory.add([Bucket("anon", str(address), Rate(5, 60))], now=WINDOW_START)

    assert len(memory._counts) <= 10


@pytest.mark.parametrize(
    ("text", "rate"),
    [("100/hour", Rate(100, 3600)), ("1/minute", Rate(1, 60)), ("5/day", Rate(5, 86400))],
)
def test_rates_are_read_as_written(text, rate):
    assert throttling.parse_rate(text) == rate


def test_processes_share_their_counts_in_redis(api, settings):
    url = env.text("REDIS_URL")
    if not url:
        pytest.skip("Needs Redis (REDIS_URL).")
    settings.REDIS_URL = url

    before = statuses(lambda: api.get(GADGETS), 3)
    throttling.memory.clear()  # another process has its own
    throttling._shared.cache_clear()

    assert (before, api.get(GADGETS).status_code) == ([200, 200, 200], 429)
    assert api.get(GADGETS)["RateLimit"] == '"user";r=0;t=3600'

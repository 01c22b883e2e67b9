"""The compiled way answers exactly what REST framework would."""

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest
from rest_framework import serializers as drf

from common import representation
from common.serializers import ModelSerializer, Serializer, UuidRelatedField
from tests.common.toolkit import Gadget, GadgetSerializer, Part, PartSerializer


class ThingSerializer(Serializer):
    text = drf.CharField()
    mail = drf.EmailField()
    id = drf.UUIDField()
    yes = drf.BooleanField()
    maybe = drf.BooleanField(allow_null=True)
    whole = drf.IntegerField()
    part = drf.FloatField()
    amount = drf.DecimalField(max_digits=6, decimal_places=2)
    at = drf.DateTimeField()
    local = drf.DateTimeField()
    written = drf.DateTimeField(format="%Y")
    on = drf.DateField()
    spent = drf.DurationField()
    size = drf.ChoiceField(choices=Gadget.Size.choices)
    facts = drf.JSONField()
    words = drf.ListField(child=drf.CharField())
    numbers = drf.DictField(child=drf.IntegerField())
    far = drf.CharField(source="inner.name")
    broken = drf.CharField(source="nothing.name", allow_null=True)
    absent = drf.CharField(required=False)
    told = drf.CharField(source="say")
    fallback = drf.CharField(default="none")
    secret = drf.CharField(write_only=True)
    asked = drf.SerializerMethodField()
    inner = PartSerializer()
    nothing = PartSerializer()
    parts = PartSerializer(many=True)
    twin = UuidRelatedField(queryset=Gadget.objects.all())
    twins = UuidRelatedField(queryset=Gadget.objects.all(), many=True)

    def get_asked(self, row):
        return f"{self.context['word']} {row.text}"


@pytest.fixture
def thing():
    inner = SimpleNamespace(uuid=uuid.uuid4(), name="Bolt")
    return SimpleNamespace(
        text=Gadget.Size.SMALL,
        mail="a@example.org",
        id=uuid.uuid4(),
        yes=True,
        maybe=None,
        whole=7,
        part=0.5,
        amount=Decimal("1.5"),
        at=datetime(2027, 3, 1, 9, 0, 0, 5, tzinfo=UTC),
        local=datetime(2027, 3, 1, 9, tzinfo=timezone(timedelta(hours=2))),
        written=datetime(2027, 3, 1, 9, tzinfo=UTC),
        on=date(2027, 3, 1),
        spent=timedelta(seconds=90),
        size=Gadget.Size.LARGE,
        facts={"a": [1]},
        words=["a", "b"],
        numbers={"a": 1},
        inner=inner,
        nothing=None,
        say=lambda: "said",
        parts=[inner, inner],
        twin=inner,
        twins=[inner],
    )


def plain(serializer_class, row, context):
    """Ask REST framework itself."""
    serializer = serializer_class(context=context)
    return drf.Serializer.to_representation(serializer, row)


def test_every_kind_of_field_is_the_same_both_ways(thing):
    context = {"word": "my"}

    compiled = representation.represent(ThingSerializer(context=context), thing)

    assert compiled == plain(ThingSerializer, thing, context)
    assert compiled["asked"] == "my small"
    assert "absent" not in compiled
    assert "secret" not in compiled


def test_row_of_the_database_is_the_same_both_ways(make):
    gadget = make(twin=make(), price=Decimal(3))

    compiled = representation.represent(GadgetSerializer(), gadget)

    assert compiled == plain(GadgetSerializer, gadget, {})


def test_values_rows_are_the_same_both_ways(gadgets):
    row = {"uuid": uuid.uuid4(), "name": "items"}

    assert representation.represent(PartSerializer(), row) == plain(PartSerializer, row, {})


class Shouting(drf.CharField):
    def to_representation(self, value):
        return f"{value}{self.context['mark']}"


class LoudSerializer(Serializer):
    text = Shouting()


class ChangingSerializer(ModelSerializer[Part]):
    class Meta:
        model = Part
        fields = ["uuid", "name"]

    def get_fields(self):
        fields = super().get_fields()
        fields.pop("name")
        return fields


def test_class_whose_fields_ask_for_more_takes_the_ordinary_way(thing):
    assert representation.represent(LoudSerializer(), thing) is None
    assert representation.represent(ChangingSerializer(), thing) is None
    assert LoudSerializer(thing, context={"mark": "!"}).data == {"text": "small!"}
    assert ChangingSerializer(SimpleNamespace(uuid=uuid.UUID(int=1))).data.keys() == {"uuid"}

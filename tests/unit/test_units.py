"""Quantities: the table of accepted units in the contract, and the arithmetic of units."""

import pytest

from jpsim.units import ACCEPTED, Quantity, QuantityError, parse_integer, parse_quantity, parse_share, unusual


@pytest.mark.parametrize(
    ("text", "quantity", "role", "unit", "value", "canonical"),
    [
        ("1.00%", "rate", "level", "%", 1.0, "percent"),
        ("-0.1%", "rate", "level", "%", -0.1, "percent"),
        ("25bp", "rate", "change", "%", 0.25, "pp"),
        ("+25bp", "rate", "change", "%", 0.25, "pp"),
        ("-7bp", "rate", "change", "%", -0.07, "pp"),
        ("+0.5pp", "rate", "change", "%", 0.5, "pp"),
        ("1.5sd", "rate", "change", "%", 1.5, "sd"),
        ("20bp", "rate", "sd", "%", 0.2, "pp"),
        ("155", "price", "level", "JPY", 155.0, "level"),
        ("155 JPY", "price", "level", "JPY", 155.0, "level"),
        ("155JPY", "price", "level", "JPY", 155.0, "level"),
        ("-5%", "price", "change", "JPY", -0.05, "relative"),
        ("4%", "price", "sd", "JPY", 0.04, "relative"),
        ("6 JPY", "price", "sd", "JPY", 6.0, "level"),
        ("6_900", "index", "level", "index", 6900.0, "level"),
        ("+50%", "index", "change", "index", 0.5, "relative"),
        ("2 tn JPY", "flow", "level", "tn JPY", 2.0, "level"),
        ("1sd", "flow", "change", "tn JPY", 1.0, "sd"),
        ("1sd", "activity", "level", "sd", 1.0, "level"),
        ("1.5pp", "share", "level", "pp", 1.5, "pp"),
        ("130bp", "spread", "level", "%", 1.3, "percent"),
        ("10%", "return", "level", "", 0.1, "relative"),
        ("1sd", "impulse", "number", "", 1.0, "sd"),
        ("1e1bp", "rate", "change", "%", 0.1, "pp"),
    ],
)
def test_what_the_contract_accepts(text, quantity, role, unit, value, canonical):
    assert parse_quantity(text, quantity, role, unit) == Quantity(value, canonical)


@pytest.mark.parametrize(
    ("text", "quantity", "role", "fix"),
    [
        ("25", "rate", "change", "write 25bp"),
        ("25bps", "rate", "change", "write 25bp"),
        ("+0.25%", "rate", "change", "write +25bp"),
        ("125bp", "rate", "level", "write 1.25%"),
        ("1.25 percent", "rate", "level", "write 1.25%"),
        ("155 yen", "price", "level", "write 155 JPY"),
        ("010", "price", "level", "write 10"),
        ("1,000", "price", "level", "write 1000"),
        ("\N{MINUS SIGN}5%", "price", "change", "write -5%"),
        ("\uff11\uff15\uff15", "price", "level", "write 155"),
        (".5%", "rate", "level", "write 0.5%"),
    ],
)
def test_the_nearest_right_spelling_is_named(text, quantity, role, fix):
    with pytest.raises(QuantityError) as caught:
        parse_quantity(text, quantity, role, "JPY")
    assert caught.value.fix == fix
    assert repr(text) in caught.value.found


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "nan", "NaN", ".nan", "inf", "-inf", ".inf", "1e400", "1e400%", "1e999999999", "1e-400%", "yes", "on",
        "true", "null", "12:30", "010%", "0x1F%", "0o17%", "1__0%", "1_0%", "1.%", "1.5.2%", "--5%", "5%%", "5 % 5%",
        "bp", "%",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("quantity", "role"), list(ACCEPTED))
def test_surprises_are_refused_everywhere(text, quantity, role):
    with pytest.raises(QuantityError):
        parse_quantity(text, quantity, role, "JPY")


@pytest.mark.parametrize(
    ("text", "quantity", "role"),
    [
        ("0", "price", "level"),
        ("-155 JPY", "price", "level"),
        ("-1", "index", "level"),
        ("-100%", "index", "change"),
        ("0bp", "rate", "sd"),
        ("-4%", "price", "sd"),
    ],
)
def test_signs_that_make_no_sense_are_refused(text, quantity, role):
    with pytest.raises(QuantityError, match="not positive"):
        parse_quantity(text, quantity, role, "JPY")


def test_a_combination_of_prices_has_no_level():
    with pytest.raises(QuantityError, match="has no level"):
        parse_quantity("5%", "basket", "level")


@pytest.mark.parametrize(("text", "value"), [("15%", 0.15), ("0.4", 0.4), ("0", 0.0), ("1", 1.0), ("100%", 1.0)])
def test_shares(text, value):
    assert parse_share(text).value == value


@pytest.mark.parametrize("text", ["15", "-1%", "101%", "1.01", "15bp", "yes", "nan"])
def test_shares_outside_zero_to_one_are_refused(text):
    with pytest.raises(QuantityError):
        parse_share(text)


@pytest.mark.parametrize(("text", "value"), [("100_000", 100_000), ("1e12", 10**12), ("7", 7), ("+7", 7)])
def test_integers(text, value):
    assert parse_integer(text, 0, 10**15) == value


@pytest.mark.parametrize("text", ["1.5", "1e-3", "010", "-1", "1e16", "1e999", "ten", "10%", "10_0"])
def test_integers_out_of_bounds_are_refused(text):
    with pytest.raises(QuantityError):
        parse_integer(text, 0, 10**15)


@pytest.mark.parametrize(
    ("quantity", "warns"),
    [
        (Quantity(5.0, "pp"), False),
        (Quantity(5.01, "pp"), True),
        (Quantity(-5.01, "pp"), True),
        (Quantity(25.0, "percent"), True),
        (Quantity(0.5, "relative"), False),
        (Quantity(-0.51, "relative"), True),
        (Quantity(155.0, "level"), False),
    ],
)
def test_slips_of_more_than_500bp_or_50_percent_are_told(quantity, warns):
    assert (unusual(quantity) is not None) is warns

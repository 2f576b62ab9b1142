"""The channels' impulse priors: what ships is complete, sane and honest; what a user breaks is told at once."""

import math
from types import MappingProxyType

import pytest

from jpsim.dictionary import ChannelEntry, ImpulsePrior, channels, factors, read_channels, series
from jpsim.errors import InputError

IMPULSES = [entry for entry in channels().values() if entry.impulse is not None]

# Largest residual volatilities given the factors, % a year, from the card of the shipped model.
YEARLY = {
    "topix": 10.3, "index": 11.4, "sector17": 20.6, "sector33": 31.0, "size": 14.5, "segment": 32.8, "theme": 34.6,
}  # fmt: skip

CHANNEL = """
[a_channel]
name_en = "A channel"
name_ja = "波及経路"
drivers = "cause"
effect = "who gains"
carried_by = ["usdjpy", "impulse"]
published = ""

[a_channel.impulse]
uncertainty = 0.5
profile = "even"
source = "prior: judgement"

[a_channel.impulse.effects]
topix = 1.0
growth = -2
"""


@pytest.fixture
def read(tmp_path):
    """Read a dictionary from a text."""

    def reader(text: str):
        path = tmp_path / "channels.toml"
        path.write_text(text, encoding="utf-8")
        return read_channels(path)

    return reader


def test_channels_have_an_impulse_exactly_where_factors_leave_a_part():
    for entry in channels().values():
        assert ("impulse" in entry.carried_by) == (entry.impulse is not None), entry.id
    assert len(IMPULSES) == 22


def test_what_the_yen_and_the_curve_carry_gets_no_impulse():
    carried = {"yen_strength_exporters", "yen_weakness", "fx_intervention", "bank_margins", "valuation_reset"}
    assert all(channels()[name].impulse is None for name in carried)


@pytest.mark.parametrize("entry", IMPULSES, ids=lambda entry: entry.id)
def test_sizes_are_sane_and_sources_honest(entry):
    prior = entry.impulse
    assert prior.source.startswith("prior: judgement; ")
    assert 0.3 <= prior.uncertainty <= 1.5
    for name, effect in prior.effects.items():
        kind = "topix" if name == "topix" else series()[name].kind
        assert 0 < abs(effect) <= YEARLY[kind] / 2, name


@pytest.mark.parametrize(
    ("channel", "gains", "loses"),
    [
        # Signs that the channels' own words claim.
        ("boj_hike_funding", [], ["small", "growth"]),
        ("boj_hike_derisking", ["utilities"], ["small"]),
        ("normalisation_policy_space", ["topix"], []),
        ("energy_imports", [], ["utilities", "tse33_land_transport"]),
        ("fiscal_expansion", ["construction"], []),
        ("foreign_inflow", ["topix", "core30"], ["standard", "growth"]),
        ("trade_policy", [], ["exporters", "autos", "small"]),
        ("domestic_rotation", ["domestic_demand"], ["exporters"]),
        ("wage_growth", ["retail", "tse33_services"], []),
        ("governance_reform", ["topix"], ["growth"]),
        ("governance_cost", ["core30"], ["small"]),
        ("reindustrialisation", ["robotics", "shipbuilding", "critical_minerals", "mid400", "small"], []),
        ("physical_ai", ["robotics"], []),
        ("defence_rerating", ["defence"], []),
        ("ai_memory_supercycle", ["semiconductors_ai"], []),
        ("critical_resources", ["critical_minerals"], []),
        ("us_japan_rotation", ["topix", "nikkei225"], []),
        ("election_stability", ["topix"], []),
        ("domestic_flows", ["topix"], []),
        ("catastrophe_memory", [], ["topix", "tse33_insurance"]),
        ("consumption_tax_cut", ["retail", "foods"], []),
        ("house_view", ["topix"], []),
    ],
)
def test_signs_are_those_of_the_words(channel, gains, loses):
    effects = channels()[channel].impulse.effects
    assert all(effects[name] > 0 for name in gains)
    assert all(effects[name] < 0 for name in loses)


def test_a_dictionary_of_ones_own_is_read(read):
    assert read(CHANNEL) == {
        "a_channel": ChannelEntry(
            id="a_channel", name_en="A channel", name_ja="波及経路", drivers="cause", effect="who gains",
            carried_by=("usdjpy", "impulse"), published="",
            impulse=ImpulsePrior(
                effects=MappingProxyType({"topix": 1.0, "growth": -2.0}), uncertainty=0.5, profile="even",
                source="prior: judgement",
            ),
        )
    }  # fmt: skip


def test_priors_cannot_be_changed_in_place():
    with pytest.raises(TypeError):
        channels()["house_view"].impulse.effects["topix"] = 50.0


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("growth = -2", "grwth = -2", "no series is called 'grwth'.*did you mean growth"),
        ("growth = -2", "tse_all = -2", "tse_all is what its segments add up to"),
        ("growth = -2", "growth = nan", "effects.growth = nan"),
        ("growth = -2", "growth = -inf", "effects.growth = -inf"),
        ("growth = -2", 'growth = "-2%"', "effects.growth = '-2%'"),
        ("growth = -2", "growth = true", "effects.growth = True"),
        ("topix = 1.0\ngrowth = -2", "", "effects names no series"),
        ("uncertainty = 0.5", "uncertainty = 0", "uncertainty = 0"),
        ("uncertainty = 0.5", "uncertainty = -0.5", "uncertainty = -0.5"),
        ("uncertainty = 0.5", "uncertainty = inf", "uncertainty = inf"),
        ("uncertainty = 0.5", "", "has no uncertainty"),
        ("uncertainty = 0.5", "uncertanty = 0.5", "did you mean uncertainty"),
        ('profile = "even"', 'profile = "back"', "profile = 'back'.*even, front"),
        ('"prior: judgement"', '" "', "source = ' '"),
        ('["usdjpy", "impulse"]', '["usdjpy"]', "without the other"),
        ('["usdjpy", "impulse"]', '["usdjp", "impulse"]', "did you mean usdjpy"),
        ('["usdjpy", "impulse"]', "[]", r"carried_by = \[\].*a list of at least 1"),
        ('drivers = "cause"', "drivers = 3", "drivers = 3.*a text"),
        ('drivers = "cause"\n', "", "has no drivers"),
        ("[a_channel.impulse]", "[a_channel.impulse", ":10:19: cannot be read: no TOML"),
    ],
)
def test_what_is_wrong_is_named(read, written, instead, told):
    assert CHANNEL.count(written) == 1
    with pytest.raises(InputError, match=f"(?s)channels.toml.*{told}") as caught:
        read(CHANNEL.replace(written, instead))
    assert caught.value.exit_code == 2


def test_all_problems_are_told_at_once(read):
    broken = CHANNEL.replace("topix = 1.0", "topics = 1.0").replace("uncertainty = 0.5", "uncertainty = 0")
    with pytest.raises(InputError) as caught:
        read(broken)
    assert len(caught.value.problems) == 2


def test_carriers_and_series_of_effects_exist():
    for entry in IMPULSES:
        assert set(entry.carried_by) <= {*factors(), "impulse"}
        assert set(entry.impulse.effects) <= {*series()} - {"tse_all"}
        assert all(math.isfinite(effect) for effect in entry.impulse.effects.values())

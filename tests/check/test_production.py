"""Which stacks are in production."""

import pytest

from pidshare_components.check import says_production


@pytest.mark.parametrize(
    ("values", "is_production"),
    [
        ({"environment": "prod"}, True),
        ({"shop:environment": "Production"}, True),
        ({"env": "prod"}, True),
        ({"Environment": " PROD "}, True),
        ({"aws:region": "eu-1", "shop:stage": "prod"}, True),
        ({"environment": "dev"}, False),
        ({"environment": "preprod"}, False),
        ({"product": "prod"}, False),
        ({"shop:environment": {"name": "prod"}}, False),
        ({}, False),
    ],
)
def test_tags_and_configuration_say_it(values: "dict[str, object]", is_production: bool) -> None:
    assert says_production(values) is is_production

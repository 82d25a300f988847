"""What people do with a gateway, good and bad, and how often.

A step is one request, or two or three that belong together. One that has nothing to work on makes
it instead, so the sequence depends on the seed alone.
"""

from random import Random

from . import api_key_steps, people_steps, policy_steps, provider_key_steps
from .step import Step

STEPS: tuple[tuple[int, Step], ...] = (
    (4, provider_key_steps.create_provider_key),
    (3, provider_key_steps.create_bad_provider_key),
    (1, provider_key_steps.create_provider_key_twice),
    (4, provider_key_steps.rotate_provider_key),
    (1, provider_key_steps.rotate_unknown_key),
    (3, provider_key_steps.reveal_provider_key),
    (2, provider_key_steps.delete_provider_key),
    (4, api_key_steps.create_api_key),
    (1, api_key_steps.create_mighty_api_key),
    (5, api_key_steps.change_api_key),
    (2, api_key_steps.change_api_key_badly),
    (2, api_key_steps.disable_api_key),
    (1, api_key_steps.automate),
    (4, api_key_steps.ask_models),
    (2, people_steps.grab_ownership),
    (2, people_steps.come_and_go),
    (4, policy_steps.put_routing),
    (3, policy_steps.put_budget),
    (3, policy_steps.export_request_logs),
    (2, people_steps.guess_password),
    (1, people_steps.come_without_session),
    (1, people_steps.sign_in_again),
    (1, people_steps.trespass),
    (1, people_steps.probe),
)


def next_step(random: Random) -> Step:
    """The step that *random* draws, by weight."""
    weights = [weight for weight, _ in STEPS]
    return random.choices(STEPS, weights)[0][1]

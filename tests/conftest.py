"""Fixtures for all tests: the services, started once a session.

AUDITLINE_TEST_STACK chooses them: "local" (the default) is Kafka and chDB of
`auditline.local`, "containers" the official images by testcontainers.
Under pytest-xdist each worker starts services of its own.
"""

import os
from collections.abc import Iterator

import pytest
from stacks import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running Kafka and ClickHouse with an empty database `audit`."""
    chosen = os.environ.get("AUDITLINE_TEST_STACK", "local")
    if chosen == "local":
        from auditline.local.stack import LocalStack

        with LocalStack(tmp_path_factory.mktemp("stack")) as local:
            local.start()
            yield local
    elif chosen == "containers":
        from containers import ContainerStack

        with ContainerStack() as containers:
            yield containers
    else:
        raise pytest.UsageError(f"AUDITLINE_TEST_STACK={chosen}: say local or containers")

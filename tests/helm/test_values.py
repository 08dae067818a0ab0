"""Values that cannot work are refused before anything is installed, in a sentence that says what to do."""

import re

import pytest

from tests.helm.chart import run

SHA = "sha256:" + "0" * 64

REFUSED_BY_SCHEMA = [
    ("settings.pol_size=5", "'pol_size' not allowed"),
    ("servics.lead.image.tag=1", "'servics' not allowed"),
    ("services.leads.image.tag=1", "'leads' not allowed"),
    ("services.lead.api.replica=1", "'replica' not allowed"),
    ("api.replicas=-1", "/api/replicas"),
    ("api.replicas=two", "/api/replicas"),
    ("api.autoscaling.targetCPUUtilizationPercentage=0", "targetCPUUtilizationPercentage"),
    ("api.disruptionBudget.maxUnavailable=0", "/api/disruptionBudget/maxUnavailable"),
    ("api.resources.request.cpu=1", "'request' not allowed"),
    ("settings.env=prod", "/settings/env"),
    ("settings.issuer=id.example.test", "/settings/issuer"),
    ("settings.pool_size=1", "/settings/pool_size"),
    ("settings.log_level=trace", "/settings/log_level"),
    ("settings.reporting_currency=yuan", "/settings/reporting_currency"),
    ("settings.fx_rates.USD=7", "/settings/fx_rates/USD"),  # a number, which YAML would not keep exactly
    ("settings.webhook_timeout_seconds=60", "/settings/webhook_timeout_seconds"),
    ("settings.database_url=postgresql://", "'database_url' not allowed"),
    ("settings.cursor_key=c0ffee", "'cursor_key' not allowed"),
    ("secrets.lead.keys.database_url=a key", "/secrets/lead/keys/database_url"),
    ("secrets.lead.values.database_url=mysql://", "/secrets/lead/values/database_url"),
    ("secrets.shared.values.bus_url=kafka:9092", "/secrets/shared/values/bus_url"),
    ("secrets.shared.values.cursor_key=short", "/secrets/shared/values/cursor_key"),
    ("services.lead.image.digest=0000", "/services/lead/image/digest"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
    ("networkPolicy.postgres.ports=5432", "/networkPolicy/postgres/ports"),
    ("networkPolicy.webhooks.private={10.0.0.1}", "/networkPolicy/webhooks/private/0"),
    ("monitoring.serviceMonitor.interval=often", "/monitoring/serviceMonitor/interval"),
    ("monitoring.runbooks=https://git.example.test/runbooks", "/monitoring/runbooks"),  # names follow right after it
    ("externalSecrets.storeRef.kind=Vault", "/externalSecrets/storeRef/kind"),
    ("httpRoute.enabled=true,networkPolicy.enabled=false", "/httpRoute/parentRefs"),
    ("fullnameOverride=Clinch", "/fullnameOverride"),
    ("terminationGracePeriodSeconds=60", "'terminationGracePeriodSeconds' not allowed"),
    ("migrate.attempts=0", "/migrate/attempts"),
]

REFUSED_BY_TEMPLATE = [
    ("settings.issuer=", "settings.issuer: give the exact `iss` of your identity provider's tokens"),
    ("settings.issuer=https://crm.example.test/dev-issuer", "production has no development issuer"),
    ("settings.env=development,settings.issuer=http://front:8000/dev-issuer", "set front.enabled=true"),
    ("settings.env=test,settings.issuer=http://front:8000/dev-issuer,front.enabled=true,front.replicas=2", "there can be one only"),
    ("secrets.lead.existingSecret=", "secrets.lead (database_url): give one of existingSecret, remoteRefs and values; there is none"),
    ("secrets.shared.existingSecret=", "secrets.shared (bus_url, cursor_key, secret_key): give one of"),
    ("secrets.lead.values.database_url=postgresql://x", "there is existingSecret and values"),
    ("secrets.shared.existingSecret=,secrets.shared.values.bus_url=kafka://k:9092", "secrets.shared.values.cursor_key is missing"),
    (
        "secrets.deal.existingSecret=,secrets.deal.remoteRefs.database_url.key=k",
        "externalSecrets.storeRef.name: secrets.deal has remoteRefs",
    ),
    (
        "secrets.shared.existingSecret=,secrets.shared.values.bus_url=kafka://k:9092,secrets.shared.values.cursor_key=development-only,"
        "secrets.shared.values.secret_key=0123456789abcdef",
        "secrets.shared.values.cursor_key: not the development key in production",
    ),
    ("settings.attachment_store=s3", "name its secret in secrets.shared.keys.s3_secret_key"),
    ("services.lead.settings.issuer=https://other.test", "services.lead.settings: env, issuer and audience are the same for all"),
    ("api.autoscaling.minReplicas=9", "api of contract: autoscaling.minReplicas is above maxReplicas"),
    ("services.deal.worker.terminationGracePeriodSeconds=20", "worker of deal: terminationGracePeriodSeconds must be at least"),
    ("settings.drain_delay_seconds=30", "terminationGracePeriodSeconds must be at least drain_delay_seconds + 16"),
    ("ingress.enabled=true", "networkPolicy.gateway: say where the pods of your ingress controller or gateway are"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED_BY_SCHEMA)
def test_the_schema_refuses(given: str, says: str) -> None:
    done = run("--set", given)
    assert done.returncode != 0
    assert "don't meet the specifications of the schema" in done.stderr
    assert says in done.stderr


@pytest.mark.parametrize(("given", "says"), REFUSED_BY_TEMPLATE)
def test_the_chart_refuses_what_contradicts_itself(given: str, says: str) -> None:
    done = run("--set", given)
    assert done.returncode != 0
    assert says in re.sub(r"\s+", " ", done.stderr)


@pytest.mark.parametrize(
    "given",
    [
        "settings.env=development,settings.issuer=http://clinch-front:8000/dev-issuer,front.enabled=true",
        "front.enabled=true,front.replicas=2",
        "services.lead.worker.replicas=0",
        "settings.drain_delay_seconds=10,api.terminationGracePeriodSeconds=26,worker.terminationGracePeriodSeconds=26",
        "ingress.enabled=true,networkPolicy.enabled=false",
        f"services.lead.image.digest={SHA}",
        "api.disruptionBudget.maxUnavailable=25%",
        "settings.host=::",
    ],
)
def test_what_can_work_is_taken(given: str) -> None:
    assert run("--set", given).stderr == ""


def test_without_values_the_first_thing_that_is_missing_is_named() -> None:
    assert "settings.issuer: give the exact" in run("--set", "settings.issuer=null").stderr

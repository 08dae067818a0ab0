"""What runs: hardened, probed, bounded, found by its Service, and given settings that the code knows."""

import pytest

from clinch.run.front import FrontSettings
from clinch.run.services import load
from shared.process.drain import DRAIN_SECONDS, LAST_CALL_SECONDS
from tests.helm.chart import CASES, container, of, pods

SHORTS = ("lead", "deal", "contract", "metrics")
KNOWN = {name for short in SHORTS for name in load(short).settings.model_fields}
"""Settings of all services: what is given to all, each passes over when it is another's."""
PROCESSES = [f"clinch-{short}-{role}" for short in SHORTS for role in ("api", "worker")]


@pytest.mark.parametrize("values", CASES)
def test_every_pod_is_hardened_and_bounded(values: str) -> None:
    for name, pod in pods(values):
        spec, one = pod["spec"], container(pod)
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        outside, inside = spec["securityContext"], one["securityContext"]
        assert (outside["runAsNonRoot"], outside["runAsUser"], outside["seccompProfile"]) == (True, 10001, {"type": "RuntimeDefault"}), name
        assert inside == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, name
        assert {"cpu", "memory"} <= one["resources"]["requests"].keys(), name
        assert "memory" in one["resources"]["limits"], name
        mounted = {mount["name"]: mount for mount in one["volumeMounts"]}
        assert mounted["tmp"]["mountPath"] == "/tmp", name
        assert mounted.keys() == {volume["name"] for volume in spec["volumes"]}, name


@pytest.mark.parametrize("values", CASES)
def test_each_service_has_an_api_and_a_worker_that_are_replaced_without_a_gap(values: str) -> None:
    deployments = of("Deployment", values)
    assert deployments.keys() - {"clinch-front"} == set(PROCESSES)
    for name, deployment in deployments.items():
        spec, pod = deployment["spec"], deployment["spec"]["template"]
        one = container(pod)
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}, name
        assert spec["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items(), name
        ports = {port["name"] for port in one["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert one[probe]["httpGet"]["port"] in ports, name
            assert one[probe]["timeoutSeconds"] <= one[probe]["periodSeconds"], name
        if name != "clinch-front":
            assert one["args"] == [name.rpartition("-")[2]]
            assert one["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "admin"}
            assert one["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "admin"}
            assert one["readinessProbe"]["timeoutSeconds"] < one["livenessProbe"]["timeoutSeconds"]


def test_a_pod_has_the_time_that_its_drain_takes() -> None:
    for name, deployment in of("Deployment", "minimal").items():
        delay = float(of("ConfigMap", "minimal")["clinch-lead"]["data"]["CLINCH_DRAIN_DELAY_SECONDS"])
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > delay + LAST_CALL_SECONDS + DRAIN_SECONDS, name


@pytest.mark.parametrize("values", CASES)
def test_a_service_leads_to_the_pods_of_its_deployment_alone(values: str) -> None:
    deployments, services = of("Deployment", values), of("Service", values)
    assert services.keys() == deployments.keys()
    for name, service in services.items():
        chosen = [
            n for n, d in deployments.items() if service["spec"]["selector"].items() <= d["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert chosen == [name]
        ports = {port["name"]: port["containerPort"] for port in container(deployments[name]["spec"]["template"])["ports"]}
        assert {port["targetPort"]: port["port"] for port in service["spec"]["ports"]} == ports


@pytest.mark.parametrize("values", CASES)
def test_every_setting_is_one_that_the_code_knows_and_takes(values: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of each service are built from what its pods are given; secrets are played."""
    configs, deployments = of("ConfigMap", values), of("Deployment", values)
    for short in SHORTS:
        given: dict[str, str] = configs[f"clinch-{short}"]["data"]
        secret = [
            e["name"] for e in container(deployments[f"clinch-{short}-api"]["spec"]["template"])["env"] if e["name"].startswith("CLINCH_")
        ]
        assert {name.removeprefix("CLINCH_").removesuffix("_FILE").lower() for name in [*given, *secret]} <= KNOWN
        assert all(name.endswith("_FILE") for name in secret)
        played = {name.removeprefix("CLINCH_").removesuffix("_FILE").lower(): "c0ffee" for name in secret}
        with monkeypatch.context() as patch:
            for name, value in given.items():
                patch.setenv(name, value)
            settings = load(short).settings(**played | {"bus_url": "kafka://kafka:9092", "database_url": "postgresql://"})
        assert (settings.host, settings.port, settings.admin_port) == ("0.0.0.0", 8000, 9000)


def test_settings_reach_the_services_that_they_are_for() -> None:
    configs = of("ConfigMap", "everything")
    assert {name: config["data"]["CLINCH_POOL_SIZE"] for name, config in configs.items() if "CLINCH_POOL_SIZE" in config["data"]} == {
        "clinch-lead": "10", "clinch-deal": "10", "clinch-contract": "10", "clinch-metrics": "20",
    }  # fmt: skip
    assert configs["clinch-lead"]["data"]["CLINCH_FX_RATES"] == '{"EUR":"7.8","USD":"7.1"}'
    assert "CLINCH_JWKS_URL" not in configs["clinch-lead"]["data"]


def test_other_settings_replace_the_pods_of_that_service_alone() -> None:
    before, after = of("Deployment", "minimal"), of("Deployment", "minimal", "--set", "services.deal.settings.pool_size=7")
    assert [n for n in before if before[n]["spec"]["template"] != after[n]["spec"]["template"]] == ["clinch-deal-api", "clinch-deal-worker"]
    before, after = of("Deployment", "trial"), of("Deployment", "trial", "--set", "secrets.lead.values.database_url=postgresql://new")
    assert [n for n in before if before[n]["spec"]["template"] != after[n]["spec"]["template"]] == ["clinch-lead-api", "clinch-lead-worker"]


def test_an_override_of_one_service_can_also_switch_off() -> None:
    everything = of("Deployment", "everything")
    assert everything["clinch-metrics-worker"]["spec"]["replicas"] == 1
    assert "replicas" not in everything["clinch-lead-worker"]["spec"]
    assert container(everything["clinch-metrics-worker"]["spec"]["template"])["resources"]["limits"] == {"memory": "1Gi"}


@pytest.mark.parametrize("values", CASES)
def test_secrets_are_files_of_the_service_they_belong_to(values: str) -> None:
    for name, pod in pods(values):
        env = {e["name"]: e.get("value") for e in container(pod).get("env", [])}
        projected = [v["projected"]["sources"] for v in pod["spec"]["volumes"] if v["name"] == "secrets"]
        files = {item["path"] for sources in projected for source in sources for item in source["secret"]["items"]}
        said = {n: v for n, v in env.items() if n.endswith("_FILE")}
        assert said == {f"CLINCH_{f.upper()}_FILE": f"/run/secrets/clinch/{f}" for f in files}, name
        assert bool(files) == any(short in name for short in SHORTS), name
        assert not any("postgresql://" in str(value) for value in env.values()), name


def test_the_front_asks_the_apis_that_there_are() -> None:
    for values in ("trial", "everything"):
        env = {e["name"]: e["value"] for e in container(of("Deployment", values)["clinch-front"]["spec"]["template"])["env"]}
        front = {name.removeprefix("CLINCH_").lower(): value for name, value in env.items() if name.startswith("CLINCH_")}
        assert front.keys() <= FrontSettings.model_fields.keys()
        services = of("Service", values)
        asked = FrontSettings.model_validate_json('{"issuer": "x", "services": %s}' % front["services"]).services  # noqa: UP031 (braces)
        assert asked == {f"{short}-svc": f"http://clinch-{short}-api:8000" for short in SHORTS}
        assert {f"clinch-{short}-api" for short in SHORTS} <= services.keys()

"""What runs before the release exists must not need what the release makes."""

import pytest

from tests.helm.chart import CASES, Object, container, objects, of

SHORTS = ("lead", "deal", "contract", "metrics")


def hooks(values: str, event: str) -> list[Object]:
    """In the order in which Helm runs them."""
    found = [o for o in objects(values) if event in o["metadata"].get("annotations", {}).get("helm.sh/hook", "").split(",")]
    return sorted(found, key=lambda o: int(o["metadata"]["annotations"].get("helm.sh/hook-weight", "0")))


@pytest.mark.parametrize("values", CASES)
@pytest.mark.parametrize("event", ["pre-install", "pre-upgrade"])
def test_each_service_is_migrated_before_anything_else(values: str, event: str) -> None:
    jobs = [o for o in hooks(values, event) if o["kind"] == "Job"]
    assert {o["metadata"]["name"] for o in jobs[:4]} == {f"clinch-{short}-migrate" for short in SHORTS}
    assert {o["metadata"]["name"] for o in jobs[4:]} == ({f"clinch-{s}-topics" for s in SHORTS} if values == "everything" else set())
    for job in jobs:
        one = container(job["spec"]["template"])
        assert one["args"] == [job["metadata"]["name"].rpartition("-")[2]]
        assert job["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("values", CASES)
def test_a_hook_uses_nothing_that_comes_after_it(values: str) -> None:
    made: set[tuple[str, str]] = set()
    release = {(o["kind"], o["metadata"]["name"]) for o in objects(values) if "helm.sh/hook" not in o["metadata"].get("annotations", {})}
    for hook in hooks(values, "pre-install"):
        if hook["kind"] != "Job":
            made.add(("Secret", hook["metadata"]["name"]))  # an ExternalSecret makes one of its name
            continue
        spec = hook["spec"]["template"]["spec"]
        assert "envFrom" not in container(hook["spec"]["template"])
        assert ("ServiceAccount", spec["serviceAccountName"]) not in release
        (sources,) = [v["projected"]["sources"] for v in spec["volumes"] if v["name"] == "secrets"]
        for name in (source["secret"]["name"] for source in sources):
            assert ("Secret", name) in made or not {("Secret", name), ("ExternalSecret", name)} & release, name


@pytest.mark.parametrize("values", CASES)
def test_the_migration_has_the_settings_of_the_pods(values: str) -> None:
    for short in SHORTS:
        env = container(of("Job", values)[f"clinch-{short}-migrate"]["spec"]["template"])["env"]
        plain = {e["name"]: e["value"] for e in env if e["name"].startswith("CLINCH_") and not e["name"].endswith("_FILE")}
        assert plain == of("ConfigMap", values)[f"clinch-{short}"]["data"]


@pytest.mark.parametrize("values", ["trial", "external_secrets"])
def test_the_hooks_copy_of_a_secret_holds_the_same_and_goes(values: str) -> None:
    for kind in ("Secret", "ExternalSecret"):
        found = of(kind, values)
        copies = {name: o for name, o in found.items() if name.endswith("-hook")}
        assert len(copies) * 2 == len(found)
        for name, copy in copies.items():
            assert copy["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded,hook-failed"
            lasting = found[name.removesuffix("-hook")]
            assert "annotations" not in lasting["metadata"]
            for part in ("stringData", "data"):
                assert copy.get(part) == lasting.get(part)
            if kind == "ExternalSecret":
                assert copy["spec"]["data"] == lasting["spec"]["data"]
                assert copy["spec"]["target"]["name"] == name
    assert of("Secret", "trial")


def test_a_secret_that_exists_is_left_to_its_owner() -> None:
    assert not of("Secret", "minimal")
    assert not of("ExternalSecret", "minimal")


def test_helm_test_asks_every_api() -> None:
    (pod,) = hooks("everything", "test")
    command = container(pod)["command"]
    assert command[3:] == [f"http://clinch-{short}-api:8000/readyz" for short in sorted(SHORTS)]
    compile(command[2], "helm test", "exec")
    assert set(command[3:]) <= {f"http://{name}:8000/readyz" for name in of("Service", "everything")}

"""Puts into the wheel what its locked run-time dependencies are: CycloneDX, in ``.dist-info/sboms/`` (PEP 770)."""

import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCK = "requirements.lock"
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+?))? \\$")
_PARENT = re.compile(r"^    #(?: via |   )(?P<name>\w[\w.-]*)")


class CustomBuildHook(BuildHookInterface[Any]):
    """Writes the list for the time of the build; an editable install has none, since nobody hands it on."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the list and tell the builder of it."""
        if version == "editable":
            return
        self.folder = Path(tempfile.mkdtemp())
        path = self.folder / f"{self.metadata.name}.cdx.json"
        bom = bill(self.metadata.name, self.metadata.version, (Path(self.root) / LOCK).read_text("utf-8"))
        path.write_text(json.dumps(bom, indent=1) + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(path))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Nothing of it stays beside the wheel."""
        if version != "editable":
            shutil.rmtree(self.folder)


def bill(name: str, version: str, lock: str) -> dict[str, Any]:
    """The CycloneDX 1.6 document; the same for the same arguments and SOURCE_DATE_EPOCH."""
    own = f"pkg:pypi/{name}@{version}"
    pins = [(pin, f"pkg:pypi/{pin['name']}@{pin['version']}", parents) for pin, parents in _pins(lock)]
    refs: dict[str, list[str]] = {name: [own]}
    for pin, ref, _ in pins:
        refs.setdefault(pin["name"], []).append(ref)
    needs: dict[str, list[str]] = {ref: [] for found in refs.values() for ref in found}
    for _, ref, parents in pins:
        for parent in (one for by in parents for one in refs[by]):
            needs[parent].append(ref)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + lock)}",
        "version": 1,
        "metadata": {**_timestamp(), "component": _component(own, name, version)},
        "components": [_component(ref, pin["name"], pin["version"], pin["marker"]) for pin, ref, _ in pins],
        "dependencies": [{"ref": ref, "dependsOn": sorted(found)} for ref, found in needs.items()],
    }


def _pins(lock: str) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Every pin with the names of those that need it, which the lock says in comments."""
    lines = lock.splitlines()
    starts = [(number, pin) for number, line in enumerate(lines) if (pin := _PIN.match(line))]
    ends = [number for number, _ in starts[1:]] + [len(lines)]
    for (number, pin), end in zip(starts, ends, strict=True):
        yield pin, [found["name"] for line in lines[number:end] if (found := _PARENT.match(line))]


def _component(ref: str, name: str, version: str, marker: str | None = None) -> dict[str, Any]:
    known = {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref}
    return {**known, "properties": [{"name": "contreg:marker", "value": marker}]} if marker else known


def _timestamp() -> dict[str, str]:
    """Of the release, not of the clock: two builds are the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return {"timestamp": datetime.fromtimestamp(int(epoch), UTC).isoformat()} if epoch else {}

"""How much a pull would download, asked of the registry (OCI distribution specification)."""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass
from typing import Any

import httpx

from tutor.core.text import clean_line

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_LARGEST_MANIFEST = 4 * 1024 * 1024


class RegistryError(Exception):
    """The registry gave no size; the text says why."""


@dataclass(frozen=True, slots=True)
class RemoteName:
    """An image's name taken apart as the engine does."""

    registry: str
    repository: str
    reference: str
    """Tag or digest."""

    @property
    def base_url(self) -> str:
        """Where its registry answers. Engines speak plain HTTP to the loopback only."""
        host = self.registry.rpartition(":")[0] or self.registry
        local = host == "localhost" or host.startswith("127.") or host == "[::1]"
        return f"{'http' if local else 'https'}://{self.registry}"


def remote_name(reference: str) -> RemoteName:
    """Take a reference apart; Docker Hub and ``library/`` are what is meant when nothing is said."""
    first, slash, rest = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, rest
    else:
        registry, path = "registry-1.docker.io", reference
    if registry in ("docker.io", "index.docker.io"):
        registry = "registry-1.docker.io"
    path, at, digest = path.partition("@")
    if not at:
        stem, colon, tag = path.rpartition(":")
        path, digest = (stem, tag) if colon else (path, "latest")
    else:
        path = path.partition(":")[0]
    if registry == "registry-1.docker.io" and "/" not in path:
        path = f"library/{path}"
    return RemoteName(registry, path, digest)


async def packed_bytes(
    name: RemoteName, architecture: str, *, credentials: tuple[str, str] | None = None
) -> int:
    """The bytes of all layers and the configuration for this architecture, as a pull would fetch them.

    Raises:
        RegistryError: no size could be had.
    """
    try:
        async with httpx.AsyncClient(
            base_url=name.base_url,
            timeout=httpx.Timeout(3.0, connect=2.0),
            follow_redirects=True,
            verify=ssl.create_default_context() if name.base_url.startswith("https") else False,
        ) as client:
            asking = _Asking(client, name, credentials)
            manifest = await asking.manifest(name.reference)
            if "manifests" in manifest:
                digest = _for_platform(manifest["manifests"], architecture)
                manifest = await asking.manifest(digest)
            parts = [*manifest["layers"], manifest["config"]]
            return sum(int(part["size"]) for part in parts)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
        raise RegistryError(_in_words(fault, name.registry)) from fault
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise RegistryError(f"{name.registry} answered with something that is no manifest") from fault


class _Asking:
    def __init__(
        self, client: httpx.AsyncClient, name: RemoteName, credentials: tuple[str, str] | None
    ) -> None:
        self._client = client
        self._name = name
        self._credentials = credentials
        self._authorization = ""

    async def manifest(self, reference: str) -> dict[str, Any]:
        response = await self._get(reference)
        if response.status_code == 401 and not self._authorization:
            self._authorization = await self._authorize(response.headers.get("www-authenticate", ""))
            response = await self._get(reference)
        if response.status_code in (401, 403):
            raise RegistryError(f"{self._name.registry} does not let us see {self._name.repository}")
        if response.status_code == 404:
            raise RegistryError(f"{self._name.registry} has no {self._name.repository}:{reference}")
        response.raise_for_status()
        if len(response.content) > _LARGEST_MANIFEST:
            raise ValueError("too large")
        value: dict[str, Any] = response.json()
        return value

    async def _get(self, reference: str) -> httpx.Response:
        headers = {"Accept": _MANIFESTS}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return await self._client.get(f"/v2/{self._name.repository}/manifests/{reference}", headers=headers)

    async def _authorize(self, challenge: str) -> str:
        scheme, _, rest = challenge.partition(" ")
        basic = ""
        if self._credentials is not None:
            basic = "Basic " + base64.b64encode(":".join(self._credentials).encode()).decode()
        if scheme.lower() != "bearer":
            if not basic:
                raise RegistryError(f"{self._name.registry} asks for a login")
            return basic
        values = dict(_CHALLENGE.findall(rest))
        query = {"scope": f"repository:{self._name.repository}:pull"}
        if "service" in values:
            query["service"] = values["service"]
        headers = {"Authorization": basic} if basic else {}
        answer = await self._client.get(values["realm"], params=query, headers=headers)
        answer.raise_for_status()
        document = answer.json()
        return f"Bearer {document.get('token') or document['access_token']}"


def _for_platform(manifests: list[dict[str, Any]], architecture: str) -> str:
    for row in manifests:
        platform = row.get("platform") or {}
        if platform.get("os") == "linux" and platform.get("architecture") == architecture:
            return str(row["digest"])
    raise RegistryError(f"the image does not come for linux/{architecture}")


def _in_words(fault: BaseException, registry: str) -> str:
    if isinstance(fault, httpx.ConnectTimeout | httpx.ReadTimeout | httpx.PoolTimeout):
        return f"{registry} gives no answer"
    text = clean_line(str(fault), 200)
    if "resolution" in text or "not known" in text or "No address" in text:
        return f"{registry} cannot be found: no network, or no name service"
    if isinstance(fault, httpx.ConnectError):
        return f"{registry} cannot be reached ({text})"
    return f"{registry}: {text or type(fault).__name__}"

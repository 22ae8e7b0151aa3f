"""One good request, and who sends it."""

from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.forum import ForumBackend
from tests.torture.world import is_for_staff

Line = tuple[str, int, str, httpx2.Response]
"""An operation, the status and the code that it must answer with, and what it answered."""


@dataclass(frozen=True)
class Asked:
    """One request that is good: the operation, what stands in its path, and the rest as the client takes it."""

    operation: str
    path: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.operation.split(" ")[1].format(**self.path)

    def by(self, forum: ForumBackend, **more: Any) -> httpx2.Response:
        options = {**self.options, **more}
        staff = forum.staff_headers if is_for_staff(self.address) else {}
        headers = {**staff, **self.options.get("headers", {}), **more.get("headers", {})}
        return forum.http.request(self.operation.split(" ")[0], self.address, **{**options, "headers": headers})

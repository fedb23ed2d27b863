# SPDX-License-Identifier: Apache-2.0
"""Random bodies with fields that may not leave. What is hidden in them is marked, so that a leak gives itself away."""

from dataclasses import dataclass
from random import Random

# In parentheses, as neither base64 nor a random text has them.
SECRET = b"(hush)"
PLAIN = [b"a", b":x", b"pin_code", b"pass_rate", b"", b"token_type", b"caf\xc3\xa9", b"x y", b"deep", b'say \\"hi\\"']
SPACES = [b"", b"", b"", b" ", b"\n  ", b"\t\r\n"]
WORDS = [b"1", b"-0.5e+10", b"true", b"false", b"null", b"NaN", b"31415926"]
TEXTS = [b"", b"shown", b"pin", b'\\"pin\\":1', b"\\\\", b"\\u20ac\\n", b"caf\xc3\xa9", b"{[,:]}", b"\xff", b"a" * 40]


@dataclass
class Maker:
    random: Random
    hidden: list[bytes]
    """Names whose values are hidden wherever they are."""
    secrets: bool = True
    paths: tuple[tuple[bytes, bytes, bool], ...] = ()
    """Two names, one in the other, and whether the value is hidden that they lead to."""

    def json(self) -> bytes:
        if self.paths and self.random.random() < 0.3:
            return self.by_paths()
        body = self.space().join(self.value(0, secret=False) for _ in range(self.random.choice([1, 1, 1, 2, 5])))
        return self.random.choice([b"", b"", b"\xef\xbb\xbf", b"\x1e"]) + body + self.space()

    def by_paths(self) -> bytes:
        members = []
        for outer, inner, secret in self.random.sample(self.paths, len(self.paths)):
            value = self.value(2, secret=secret)
            leads = b'"' + self.spelled(inner) + b'"' + self.space() + b":" + self.space() + value
            # What is shown there may have the name of what is hidden elsewhere.
            others = [self.member(2, secret=False) for _ in range(self.random.randrange(2) if secret else 0)]
            members += [self.member(1, secret=False) for _ in range(self.random.randrange(2))]
            members.append(b'"' + self.spelled(outer) + b'"' + b":" + self.joined(b"{", b"}", [*others, leads]))
        return self.joined(b"{", b"}", members)

    def space(self) -> bytes:
        return self.random.choice(SPACES)

    def value(self, depth: int, *, secret: bool) -> bytes:
        kind = self.random.random()
        if kind < 0.25 and depth < 6:
            return self.joined(
                b"[", b"]", [self.value(depth + 1, secret=secret) for _ in range(self.random.randrange(4))]
            )
        if kind < 0.65 - depth * 0.08:
            members = [self.member(depth + 1, secret=secret) for _ in range(self.random.randrange(5))]
            return self.joined(b"{", b"}", members)
        if kind < 0.8:
            return self.random.choice(WORDS)
        text = self.random.choice(TEXTS) + (SECRET * self.random.randrange(1, 3) if secret and self.secrets else b"")
        return b'"' + text + self.random.choice([b"", b"", text]) + b'"'

    def joined(self, begin: bytes, end: bytes, items: list[bytes]) -> bytes:
        return begin + self.space() + (self.space() + b"," + self.space()).join(items) + self.space() + end

    def member(self, depth: int, *, secret: bool) -> bytes:
        hides = self.random.random() < 0.3
        name = self.spelled(self.random.choice(self.hidden)) if hides else self.random.choice(PLAIN)
        value = self.value(depth, secret=secret or hides)
        return b'"' + name + b'"' + self.space() + b":" + self.space() + value

    def spelled(self, name: bytes) -> bytes:
        """In another letter case, or with characters escaped."""
        name = self.random.choice([name, name.upper(), name.title()])
        if self.random.random() < 0.7:
            return name
        return b"".join(
            b"\\u%04x" % byte if self.random.random() < 0.5 else b"\\u%04X" % byte if byte == name[0] else bytes([byte])
            for byte in name
        )

    def form(self) -> bytes:
        pairs = []
        for _ in range(self.random.randrange(6)):
            hides = self.random.random() < 0.4
            name = (
                self.random.choice(self.hidden)
                if hides
                else self.random.choice([b"a", b"id", b"pin_code", b"", b"%7", b"x[y]"])
            )
            if hides:
                name = b"".join(b"%%%02x" % byte if self.random.random() < 0.2 else bytes([byte]) for byte in name)
                name = self.random.choice([name, name.upper(), b"user[" + name + b"]", b"user." + name, name + b"[]"])
            value = SECRET if hides and self.secrets else b"shown"
            more = self.random.choice([b"", b"=", b"%26", b"%3d+", b";" if hides else b"", b"?"])
            pairs.append(name + b"=" + self.random.choice([b"", value, value + more, more + value + more]))
        return b"&".join(pairs)

    def body(self) -> bytes:
        made = self.random.choice([self.json, self.json, self.form])()
        if self.random.random() < 0.25:
            made = made[: self.random.randrange(len(made) + 1)]
        return made


def damaged(random: Random, body: bytes) -> bytes:
    """With a byte or two more, less or different: what a name was may be none any more."""
    for _ in range(random.randrange(1, 3)):
        at = random.randrange(len(body) + 1)
        byte = random.choice([b"", bytes([random.randrange(256)]), bytes([random.choice(b'"\\{}[],:=&;%u\n')])])
        body = body[:at] + byte + body[at + random.randrange(2) :]
    return body


def some_body(random: Random, hidden: list[bytes]) -> bytes:
    if random.random() < 0.3:
        return damaged(random, Maker(random, hidden, secrets=False).body())
    return Maker(random, hidden).body()

"""Where a film came from, in the film: a signed C2PA manifest that says it is AI-made and by which model, and the
report of what a file says of itself (C2PA specification 2.2, c2pa.org). Nothing here uses the network; `credentials`
says who signs.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vitascope import __version__
from vitascope.finish.credentials import ProvenanceError, anchors, credentials
from vitascope.finish.watermark import Found, detect
from vitascope.shot.files import MediaError, complete, opened
from vitascope.shot.media import MAX_PICTURE_PIXELS, FilmLimits, is_picture, probe, read_film, read_picture, read_shot
from vitascope.shot.shot import Shot, ShotError

SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI_MADE = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
SHOT_LABEL = "vitascope.shot"  # of what we say beyond C2PA's own words: the model, and the Shot where it is small
SOUND_LABEL = "vitascope.sound"  # of what was done to the sound of a film that was opened
# Effects are computed, music is composed by rules for recorded instruments; voices were learned from people's.
SOUND_SOURCES = {"effects": "algorithmicMedia", "music": "algorithmicMedia", "dialogue": AI_MADE[0]}
PARENT = "parent"  # what a manifest calls the film that was opened, in itself
MOST_SHOT = 256 * 1024  # bytes of a Shot in a manifest; larger ones only stand in the file itself

# Files that can carry a manifest. The others (.webm, .mkv, .y4m …) have no place for one.
FORMATS = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".avi": "video/avi",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}


# --- signing ----------------------------------------------------------------------------------------------------------


def can_carry(path: Path) -> bool:
    """Whether a file of this name can carry a manifest."""
    return path.suffix.lower() in FORMATS


def sign(path: Path, shot: Shot | None, model: str, out: Path | None = None) -> bool:
    """Put a signed manifest into a finished file, in its place or as `out`: whole, or not at all. It is the last thing
    done to a file, since any change breaks it.

    False, and nothing done, where `can_carry` says no. Raises ProvenanceError, and MediaError when the file cannot be
    read or written."""
    if not can_carry(path):
        return False
    target = path if out is None else out
    _put(_manifest(shot, model, target), path, target)
    return True


def sign_dubbed(path: Path, source: Path, stems: Iterable[str], copied: bool) -> bool:
    """Put a signed manifest into the film `source` that got a sound of these `stems`, as `path`: that it was opened,
    with what it says of itself, and what was done to its sound; its pictures were `copied`, or else coded anew.

    False, and nothing done, where `can_carry` says no. Raises as `sign` does."""
    if not can_carry(path):
        return False
    _put(_dubbed_manifest(tuple(stems), copied, path), path, path, parent=source)
    return True


def _put(manifest: dict[str, Any], path: Path, target: Path, parent: Path | None = None) -> None:
    """Sign `path` as `target`. The manifest of `parent`, if it has one, goes into it."""
    import c2pa

    algorithm, chain, key = credentials()
    if parent is not None and not can_carry(parent):  # it can only be named
        named = {"title": parent.name, "format": f"video/{parent.suffix[1:]}", "relationship": "parentOf"}
        manifest = manifest | {"ingredients": [named | {"label": PARENT, "instance_id": f"xmp:iid:{uuid.uuid4()}"}]}
    with opened(path) as source, complete(target) as partial, open(partial, "w+b") as signed:
        try:
            signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(algorithm, chain, key, None))
            settings = c2pa.Settings.from_dict({"verify": _OFFLINE, "builder": {"thumbnail": {"enabled": False}}})
            with c2pa.Context(settings) as context, c2pa.Builder(manifest, context) as builder:
                if parent is not None and can_carry(parent):
                    told = {"title": parent.name, "relationship": "parentOf", "label": PARENT}
                    with opened(parent) as before:
                        builder.add_ingredient(told, FORMATS[parent.suffix.lower()], before)
                builder.sign(signer, FORMATS[path.suffix.lower()], source, signed)
        except c2pa.C2paError as error:
            raise ProvenanceError(f"cannot sign {str(path)!r}: {error}") from error


def _dubbed_manifest(stems: tuple[str, ...], copied: bool, target: Path) -> dict[str, Any]:
    agent = {"name": "Vitascope", "version": __version__}
    actions: list[dict[str, Any]] = [{"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}]
    if not copied:
        actions.append({"action": "c2pa.transcoded", "softwareAgent": agent, "description": "the pictures"})
    actions += [
        {
            "action": "c2pa.edited",
            "digitalSourceType": SOURCES + SOUND_SOURCES[stem],
            "softwareAgent": agent,
            "description": f"sound: {stem} made for the pictures",
        }
        for stem in stems
        if stem in SOUND_SOURCES
    ]
    told = {"made": [s for s in stems if s in SOUND_SOURCES], "kept": "original" in stems, "pictures_copied": copied}
    return {
        "claim_generator_info": [{"name": "Vitascope", "version": __version__}],
        "title": target.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}, "created": True},
            {"label": SOUND_LABEL, "data": told, "created": True},
        ],
    }


def _manifest(shot: Shot | None, model: str, target: Path) -> dict[str, Any]:
    agent = {"name": f"Vitascope {model}", "version": __version__}
    created = {"action": "c2pa.created", "digitalSourceType": SOURCES + AI_MADE[0], "softwareAgent": agent}
    ours: dict[str, Any] = {"model": model}
    if shot is not None and len(text := shot.to_json()) <= MOST_SHOT:
        ours["shot"] = text
    return {
        "claim_generator_info": [{"name": "Vitascope", "version": __version__}],
        "title": target.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}, "created": True},
            {"label": SHOT_LABEL, "data": ours, "created": True},
        ],
    }


# --- what a file says of itself ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """What is found in a file.

    `manifest` is "none", "valid" (by an authority known here: this machine's own, the user's, or one that the C2PA
    library trusts), "valid, by an authority that is not known here", or "invalid: " and why. Of an invalid one,
    `signer`, `model` and `ai_made` are what it claims; `ai_made` is of the pictures, by what the manifest says or that
    of the film which was opened. `sound` is what it says of a sound that was made for them. `changed`: the file is not
    what was signed (None: not signed, or it cannot be told). `unreadable` says why there are no pictures to look for a
    watermark in."""

    path: Path
    manifest: str
    signer: str | None = None
    generator: str | None = None
    model: str | None = None
    ai_made: bool | None = None
    sound: str | None = None
    changed: bool | None = None
    watermark: Found | None = None
    shot: Shot | None = None
    unreadable: str | None = None

    def lines(self) -> list[str]:
        """The report for people."""
        signer = f", signed by {self.signer}" if self.signer else ""
        lines = [f"manifest   {self.manifest}{signer}"]
        if self.manifest != "none":
            kind = {True: "AI-made", False: "not said to be AI-made", None: "unknown how it was made"}[self.ai_made]
            parts = (f"model {self.model}" if self.model else None, self.generator)
            lines.append("says       " + ", ".join([kind, *filter(None, parts)]))
        if self.sound is not None:
            lines.append(f"sound      {self.sound}")
        if self.changed is not None:
            lines.append(f"changed    {'yes, after it was signed' if self.changed else 'not since it was signed'}")
        lines.append(f"watermark  {self._watermark()}")
        if self.shot is None:
            lines.append("shot       none")
        else:
            (width, height), text = self.shot.size, " ".join(self.shot.text.split())
            text = text if len(text) <= 60 else text[:59] + "…"
            lines.append(f"shot       “{text}”, {width}x{height}, {self.shot.seconds:g} s, seed {self.shot.seed}")
        return lines

    def _watermark(self) -> str:
        if self.watermark is None:
            return f"cannot be looked for: {self.unreadable}"
        score = f"score {self.watermark.score:.1f}, a mark is above {self.watermark.threshold:.1f}"
        if not self.watermark.present:
            return f"none found ({score})"
        number = "" if self.watermark.payload is None else f", number {self.watermark.payload:012x}"
        return f"present{number} ({score})"

    def as_json(self) -> str:
        """The report for programs: the fields above; the watermark's number as a decimal, the Shot as `to_json`."""
        found = self.watermark
        mark = None
        if found is not None:
            mark = {
                "present": found.present,
                "score": round(found.score, 3),
                "threshold": found.threshold,
                "payload": found.payload,
                "scale": found.scale,
                "shift": found.shift,
            }
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        shot = None if self.shot is None else json.loads(self.shot.to_json())
        return json.dumps(fields | {"path": str(self.path), "watermark": mark, "shot": shot}, ensure_ascii=False)


def verify(path: Path) -> Report:
    """What a film or picture says of itself: manifest, watermark, Shot. Raises MediaError when it cannot be opened."""
    with opened(path):
        pass
    report = _manifest_report(path)
    try:
        report = replace(report, shot=read_shot(path) or report.shot)
    except MediaError as error:
        report = replace(report, unreadable=str(error))
    try:
        return replace(report, watermark=_watermark(path), unreadable=None)
    except MediaError as error:
        return replace(report, unreadable=str(error))


def _watermark(path: Path) -> Found:
    if is_picture(path):
        return detect([read_picture(path)])
    limits = FilmLimits(pixels=MAX_PICTURE_PIXELS, frames=2**31, seconds=86_400.0)  # only its beginning is read
    return detect(read_film(path, limits), probe(path).fps)


def _manifest_report(path: Path) -> Report:
    import c2pa

    trusted = "\n".join(anchors())
    settings = {"verify": _OFFLINE} | ({"trust": {"user_anchors": trusted}} if trusted else {})
    try:
        with (
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            opened(path) as file,
            c2pa.Reader(FORMATS.get(path.suffix.lower()), file, context=context) as reader,
        ):
            state = reader.get_validation_state()
            manifest = reader.get_active_manifest() or {}
            manifests = json.loads(reader.json()).get("manifests") or {}
            results = (reader.get_validation_results() or {}).get("activeManifest") or {}
    except c2pa.C2paError.ManifestNotFound:
        return Report(path, "none")
    except c2pa.C2paError as error:
        kind, problem = type(error).__name__.removeprefix("_C2pa"), " ".join(str(error).split())
        return Report(path, "none" if kind == "NotSupported" else f"invalid: {problem}")
    failures = results.get("failure") or []
    codes = [failure.get("code", "") for failure in failures]
    if state in ("Trusted", "Valid"):
        text = "valid" if state == "Trusted" else "valid, by an authority that is not known here"
    else:
        reasons = [f"{failure.get('code')} ({failure.get('explanation')})" for failure in failures]
        text = "invalid: " + ("; ".join(reasons) or str(state))
    line = [manifest, *_opened(manifest, manifests)]
    told = [action for one in line if _said(one, SOUND_LABEL) is None for action in _actions(one)]
    ours = next((found for one in line if (found := _said(one, SHOT_LABEL)) is not None), None)
    return Report(
        path,
        text,
        signer=_signer(manifest.get("signature_info") or {}),
        generator=_generator(manifest),
        model=_model(ours, told),
        ai_made=any(str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1] in AI_MADE for action in told),
        sound=_sound(_said(manifest, SOUND_LABEL)),
        changed=any(code.endswith((".mismatch", "Hash.malformed")) for code in codes),
        shot=_shot(ours),
    )


def _opened(manifest: dict[str, Any], manifests: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The manifests of what was opened to be edited, the last first."""
    seen: set[str] = set()
    while True:
        parents = (one for one in manifest.get("ingredients") or [] if one.get("relationship") == "parentOf")
        label = next((str(one["active_manifest"]) for one in parents if one.get("active_manifest")), None)
        if label is None or label in seen or label not in manifests:
            return
        seen.add(label)
        manifest = manifests[label]
        yield manifest


def _said(manifest: dict[str, Any], label: str) -> object:
    """What an assertion of ours says; None where there is none."""
    return next((one.get("data") for one in manifest.get("assertions", []) if one.get("label") == label), None)


def _sound(said: object) -> str | None:
    """What our assertion of a sound says, for people."""
    if not isinstance(said, dict):
        return None
    made = ", ".join(str(stem) for stem in said.get("made") or ()) or "silence"
    kept = " beside the film's own" if said.get("kept") else ""
    pictures = "as they were" if said.get("pictures_copied") else "coded anew"
    return f"made by a machine ({made}){kept}; the pictures of the film that was opened are {pictures}"


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions", []):
        if str(assertion.get("label", "")).startswith("c2pa.actions") and isinstance(assertion.get("data"), dict):
            yield from (action for action in assertion["data"].get("actions", []) if isinstance(action, dict))


def _signer(info: dict[str, Any]) -> str | None:
    names = [info.get("common_name"), info.get("issuer")]
    return ", ".join(str(name) for name in names if name) or None


def _generator(manifest: dict[str, Any]) -> str | None:
    for info in manifest.get("claim_generator_info") or []:
        return " ".join(str(info[key]) for key in ("name", "version") if info.get(key))
    return manifest.get("claim_generator")


def _model(ours: object, actions: list[dict[str, Any]]) -> str | None:
    """The model as we say it, else the program that others name."""
    if isinstance(ours, dict) and isinstance(ours.get("model"), str):
        return ours["model"]
    agents = [action.get("softwareAgent") for action in actions]
    names = [agent.get("name") if isinstance(agent, dict) else agent for agent in agents]
    return next((str(name) for name in names if name), None)


def _shot(ours: object) -> Shot | None:
    if not isinstance(ours, dict) or not isinstance(ours.get("shot"), str):
        return None
    try:
        return Shot.from_json(ours["shot"])
    except ShotError:
        return None  # of another version of Vitascope; the rest of what it says still counts

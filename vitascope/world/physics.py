"""Lets a scene happen: MuJoCo moves its things; out come poses at every frame, and what touched what and how hard."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from vitascope.world.casting import act
from vitascope.world.contact import Contact, ContactKind
from vitascope.world.figure import Bones
from vitascope.world.scene import MATERIALS, GroundName, MaterialName, Scene, Thing, reach

GRAVITY = 9.81  # m/s²
STEP = 0.0007  # seconds, at most; a whole number of steps makes one frame
DULL = (
    0.4  # restitution below which a fall takes half the step: what is left of it hangs on when a step meets the ground
)
STIFFNESS = 15_000.0  # 1/s², of every contact: a ball dropped from a metre is pressed in by 4 cm for an instant
# Damping (1/s) of a contact that gives each material's restitution, by the speed of the impact: measured with MuJoCo at
# STEP and STIFFNESS on balls that fall on a plane. A slow impact lasts as long as a
# fast one, so gravity eats more of it.
_SPEEDS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)  # m/s
_DAMPING: dict[MaterialName, tuple[float, ...]] = {
    "rubber": (18.0, 17.9, 18.0, 18.0, 17.9, 18.0, 18.1, 18.1, 18.1),
    "plastic": (39.6, 39.7, 39.9, 40.1, 40.0, 40.2, 40.4, 40.5, 40.4),
    "wood": (68.7, 69.2, 69.7, 70.3, 70.2, 70.8, 71.1, 71.4, 71.2),
    "metal": (92.5, 93.6, 94.6, 95.6, 95.7, 96.6, 97.2, 97.7, 97.6),
    "stone": (136.4, 139.6, 142.3, 145.0, 145.6, 147.8, 149.2, 150.6, 150.5),
}
GEOMS = {"ball": "sphere", "egg": "ellipsoid", "pill": "capsule", "cube": "box", "brick": "box", "can": "cylinder"}
GROUND_MATERIALS: dict[GroundName, str] = {
    "grass": "grass",
    "sand": "sand",
    "snow": "snow",
    "wood": "wood",
    "tiles": "tile",
    "asphalt": "asphalt",
}


@dataclass(frozen=True)
class Motion:
    """Where the P things and the bones of the cast are at each of T frames, and the contacts on the way."""

    fps: float
    position: NDArray[np.float64]  # [T, P, 3] metres
    rotation: NDArray[np.float64]  # [T, P, 3, 3] local -> world
    velocity: NDArray[np.float64]  # [T, P, 3] m/s
    contacts: tuple[Contact, ...]
    cast: tuple[Bones, ...] = ()  # in the order of the scene's


def damping(thing: Thing) -> float:
    """The contact damping with which the thing rebounds from its first fall as its material says."""
    fall = max(thing.position[2] - reach(thing.shape, thing.size, thing.rotation), 0.0)
    speed = math.sqrt(thing.velocity[2] ** 2 + 2 * GRAVITY * fall)
    return float(np.interp(speed, _SPEEDS, _DAMPING[thing.material]))


def mass(thing: Thing) -> float:
    """Kilograms: the things are hollow, a tenth of their stuff."""
    x, y, z = thing.size
    volume = {
        "ball": 4 / 3 * math.pi * x**3,
        "egg": 4 / 3 * math.pi * x * y * z,
        "pill": math.pi * x * x * (4 / 3 * x + 2 * y),
        "cube": 8 * x * y * z,
        "brick": 8 * x * y * z,
        "can": 2 * math.pi * x * x * y,
    }[thing.shape]
    return 0.1 * volume * MATERIALS[thing.material].density


def build(scene: Scene, step: float) -> Any:
    """The scene as a MuJoCo model with a free joint for each thing, in order; what swings is tied to its pivot."""
    contact = f'condim="4" solimp="0.99 0.99 0.001" solref="-{STIFFNESS} '
    bodies, ropes = [], []
    for p, thing in enumerate(scene.things):
        stuff = MATERIALS[thing.material]
        if thing.pivot is not None:
            towards = np.array(thing.pivot) - np.array(thing.position)
            anchor = _text(tuple(_matrices(np.array(thing.rotation)).T @ towards))
            ropes.append(
                f'<connect body1="b{p}" anchor="{anchor}" solref="{2.5 * step!r} 1" solimp="0.999 0.999 0.001"/>'
            )
        bodies.append(
            f'<body name="b{p}" pos="{_text(thing.position)}" quat="{_text(thing.rotation)}"><freejoint/>'
            f'<geom type="{GEOMS[thing.shape]}" size="{_text(thing.size)}" mass="{mass(thing):.6f}" '
            f'friction="{stuff.friction} 0.002" {contact}-{damping(thing):.3f}"/></body>'
        )
    ground = f'<geom type="plane" size="0 0 1" friction="0.01 0.0001" {contact}0"/>'
    # Where two geoms meet, MuJoCo takes the greater friction and the greater damping: on the ground the thing decides.
    return mujoco.MjModel.from_xml_string(
        f'<mujoco><option timestep="{step!r}" gravity="0 0 -{GRAVITY}" cone="elliptic"/>'
        f"<worldbody>{ground}{''.join(bodies)}</worldbody><equality>{''.join(ropes)}</equality></mujoco>"
    )


def simulate(scene: Scene, seconds: float = 2.0, fps: float = 12.0) -> Motion:
    """Let the scene happen for `seconds`; frame i of the result is at time i / fps."""
    num_frames = max(1, round(seconds * fps))
    position, rotation, velocity, contacts = _thrown(scene, num_frames, fps)
    return played(scene, Motion(fps, position, rotation, velocity, tuple(contacts)))


def played(scene: Scene, motion: Motion) -> Motion:
    """The motion of the things on the scene's ground, with its cast acting beside them in place of any other."""
    num_things, ground = len(scene.things), GROUND_MATERIALS[scene.ground]
    contacts = [
        contact if -1 not in contact.things else replace(contact, materials=(contact.materials[0], ground))
        for contact in motion.contacts
        if max(contact.things) < num_things
    ]
    cast = []
    for o, member in enumerate(scene.cast, start=num_things):
        bones, heard = act(member, np.arange(len(motion.position)) / motion.fps)
        cast.append(bones)
        contacts += [replace(c, things=(o, -1), materials=_stepped(c, scene)) for c in heard]
    contacts.sort(key=lambda contact: (contact.time, contact.things))
    return replace(motion, contacts=tuple(contacts), cast=tuple(cast))


def _stepped(contact: Contact, scene: Scene) -> tuple[str, ...]:
    """The materials of what a member of the cast makes heard: of a step also the ground's."""
    if contact.kind != "footstep":
        return contact.materials[:2]
    return contact.materials[0], GROUND_MATERIALS[scene.ground]


def _thrown(
    scene: Scene, num_frames: int, fps: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], list[Contact]]:
    """Position [T, P, 3], rotation [T, P, 3, 3], velocity [T, P, 3] and contacts of the things, by MuJoCo."""
    P = len(scene.things)
    if P == 0:
        none = np.zeros((num_frames, 0, 3))
        return none, np.zeros((num_frames, 0, 3, 3)), none, []
    falls = any(
        t.action in ("bounce", "fall", "throw") and MATERIALS[t.material].restitution < DULL for t in scene.things
    )
    per_frame = math.ceil(1.0 / (fps * (STEP / 2 if falls else STEP)))
    step = 1.0 / (fps * per_frame)
    model = build(scene, step)
    data = mujoco.MjData(model)
    for p, thing in enumerate(scene.things):
        data.qvel[6 * p : 6 * p + 3] = thing.velocity
        spin_local = _matrices(np.array(thing.rotation)).T @ np.array(thing.spin)
        data.qvel[6 * p + 3 : 6 * p + 6] = spin_local
        if thing.action in ("bounce", "fall", "throw"):
            data.qvel[6 * p + 2] += 0.5 * GRAVITY * step  # MuJoCo's step is half a step ahead in speed: exact parabolas
    everything = mujoco.mjtState.mjSTATE_FULLPHYSICS
    first = np.zeros(mujoco.mj_stateSize(model, everything))
    mujoco.mj_getState(model, data, first, everything)
    num_steps = (num_frames - 1) * per_frame + 1
    states, _ = rollout.rollout(model, data, initial_state=first[None], nstep=num_steps)
    states = np.concatenate([first[None], states[0]])  # [steps + 1, 1 + 13 P]
    qpos = states[:, 1 : 1 + 7 * P].reshape(-1, P, 7)
    qvel = states[:, 1 + 7 * P : 1 + 13 * P].reshape(-1, P, 6)
    frames = np.arange(num_frames) * per_frame
    return (
        qpos[frames, :, :3].copy(),
        _matrices(qpos[frames, :, 3:]),
        qvel[frames, :, :3].copy(),
        _contacts(scene, model, data, states, qvel, step),
    )


# ---- what is heard

QUIET = 0.25  # m/s: softer touches are not told
GAP = 0.25  # seconds: boxes chatter while they slide, which is heard as one sound


def _contacts(
    scene: Scene, model: Any, data: Any, states: NDArray[np.float64], qvel: NDArray[np.float64], step: float
) -> list[Contact]:
    """Impacts are sudden changes of velocity; at each the state is played again to see who touched whom."""
    found: list[Contact] = []
    width = max(1, round(0.025 / step))
    ground = GROUND_MATERIALS[scene.ground]
    for p, thing in enumerate(scene.things):
        change = np.diff(qvel[:, p, :3], axis=0)
        change[:, 2] += GRAVITY * step
        jolt = np.linalg.norm(change, axis=1)  # [steps] speed given by contacts in each step
        total = np.convolve(jolt, np.ones(width), mode="same") - GRAVITY * 0.025
        for peak in _peaks(total, QUIET, round(0.07 / step)):
            near = slice(max(0, peak - width), peak + width)
            hardest = near.start + int(np.argmax(jolt[near]))
            touch = _touch(model, data, states[hardest], p)
            if touch is None:
                continue
            other, point = touch
            time = float(hardest * step)
            if other >= 0 and any(set(c.things) == {p, other} and abs(c.time - time) < 0.06 for c in found):
                continue
            strength = float(total[peak])
            stuff = (thing.material, ground if other < 0 else scene.things[other].material)
            found.append(
                Contact(
                    time,
                    _kind(thing, other, qvel[:, p], peak, width),
                    (p, other),
                    point,
                    strength * mass(thing),
                    strength,
                    stuff,
                )
            )
    for p, thing in enumerate(scene.things):
        found += _rubbing(thing, p, ground, model, data, states, qvel, step)
    return found


def _kind(thing: Thing, other: int, velocity: NDArray[np.float64], peak: int, width: int) -> ContactKind:
    if other >= 0:
        return "impact"
    if thing.action == "topple":
        return "topple"
    after = velocity[min(peak + width, len(velocity) - 1), 2]
    return "bounce" if after > 0.6 else "impact"


def _peaks(values: NDArray[np.float64], least: float, apart: int) -> list[int]:
    """Indices of local maxima above `least`, at least `apart` from each other, the greatest first claimed."""
    left = values.copy()
    found: list[int] = []
    while len(found) < 40:
        i = int(np.argmax(left))
        if left[i] <= least:
            break
        found.append(i)
        left[max(0, i - apart) : i + apart] = -1.0
    return sorted(found)


def _touch(model: Any, data: Any, state: NDArray[np.float64], p: int) -> tuple[int, tuple[float, float, float]] | None:
    """Who thing p presses hardest against in this state (-1: the ground), and where; None if nothing."""
    mujoco.mj_setState(model, data, state, mujoco.mjtState.mjSTATE_FULLPHYSICS)
    mujoco.mj_forward(model, data)
    force = np.zeros(6)
    presses: dict[int, tuple[float, NDArray[np.float64]]] = {}
    for i in range(data.ncon):
        a, b = (int(g) - 1 for g in data.contact.geom[i])  # geom 0 is the ground, 1 + p is thing p
        if p not in (a, b):
            continue
        mujoco.mj_contactForce(model, data, i, force)
        other = b if a == p else a
        weight, point = presses.get(other, (0.0, np.zeros(3)))
        presses[other] = (weight + force[0], point + force[0] * data.contact.pos[i])
    presses = {other: press for other, press in presses.items() if press[0] > 1e-6}
    if not presses:
        return None
    other = max(presses, key=lambda key: presses[key][0])
    weight, summed = presses[other]
    x, y, z = (float(v) for v in summed / weight)
    return other, (x, y, z)


def _rubbing(
    thing: Thing,
    p: int,
    ground: str,
    model: Any,
    data: Any,
    states: NDArray[np.float64],
    qvel: NDArray[np.float64],
    step: float,
) -> list[Contact]:
    """Stretches of rolling and sliding along the ground, looked at every 40 ms."""
    stride = max(1, round(0.04 / step))
    runs: list[tuple[ContactKind, list[tuple[float, float, float, tuple[float, float, float]]]]] = []
    for i in range(0, len(states), stride):
        velocity = qvel[i, p, :3]
        speed = float(np.hypot(velocity[0], velocity[1]))
        if speed < 0.15 or abs(velocity[2]) > 0.4:
            continue
        touch = _touch(model, data, states[i], p)
        if touch is None or touch[0] >= 0:
            continue
        position = states[i, 1 + 7 * p : 4 + 7 * p]
        spin = _matrices(states[i, 4 + 7 * p : 8 + 7 * p]) @ qvel[i, p, 3:]
        ax, ay, az = np.array(touch[1]) - position
        slip = math.hypot(velocity[0] + spin[1] * az - spin[2] * ay, velocity[1] + spin[2] * ax - spin[0] * az)
        kind: ContactKind = "roll" if slip < 0.3 * speed else "slide"
        if not (runs and runs[-1][0] == kind and i * step - runs[-1][1][-1][0] < GAP):
            runs.append((kind, []))
        runs[-1][1].append((i * step, speed, slip, touch[1]))
    found: list[Contact] = []
    for kind, samples in runs:
        if thing.pivot is not None or (thing.action == "topple" and samples[0][0] < 0.5):
            continue  # tipping over an edge looks like rolling, and is silent
        start = 0.0 if thing.action in ("roll", "slide", "collide") and not found else samples[0][0]
        seconds = samples[-1][0] - start
        if seconds >= 0.12:
            speed, slip = (float(np.mean([sample[k] for sample in samples])) for k in (1, 2))
            point = samples[len(samples) // 2][3]
            stuff = (thing.material, ground)
            found.append(Contact(start, kind, (p, -1), point, 0.0, speed, stuff, seconds, slip))
    return found


def went_as_planned(scene: Scene, motion: Motion) -> bool:
    """Whether each thing did what its action says: what bounces rebounds, what topples lies, what collides is hit."""
    met = any(min(contact.things) >= 0 for contact in motion.contacts)
    if met != any(thing.action == "collide" for thing in scene.things):
        return False
    if not np.isfinite(motion.position).all() or np.abs(motion.position).max(initial=0.0) > 8.0:
        return False
    return all(_did(thing, p, motion) for p, thing in enumerate(scene.things))


def _did(thing: Thing, p: int, motion: Motion) -> bool:
    path = motion.position[:, p] - motion.position[0, p]
    touches = [c for c in motion.contacts if p in c.things]
    sign = {"left": -1.0, "right": 1.0, "near": -1.0, "away": 1.0}.get(thing.direction or "", 0.0)
    if thing.action == "bounce":
        return any(c.kind == "bounce" for c in touches)
    if thing.action == "fall":
        return bool(path[:, 2].min() < -0.7)
    if thing.action in ("roll", "slide"):
        along = path[-1, 0 if thing.direction in ("left", "right") else 1] * sign
        return bool(along > (1.3 if thing.action == "roll" else 0.8))
    if thing.action == "topple":
        up = motion.rotation[:, p, 2, 2]
        return bool(up.min() < 0.3 and path[-1, 0] * sign > 0.05)
    if thing.action == "collide":
        hit = [c.time for c in touches if min(c.things) >= 0]
        return bool(hit and 0.25 < hit[0] < 1.4)
    if thing.action == "throw":
        return bool(path[:, 2].max() > 0.25 and path[-1, 0] * sign > 1.0)
    if thing.action == "swing":
        return bool(np.ptp(path[:, 0]) > 0.6 and motion.position[:, p, 2].min() > 0.2)
    return bool(np.abs(path).max() < 0.05)


def _matrices(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices [..., 3, 3] of unit quaternions [..., 4] (w, x, y, z)."""
    q = quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    matrix = np.empty((*q.shape[:-1], 3, 3))
    matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 0, 2] = (
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
    )
    matrix[..., 1, 0], matrix[..., 1, 1], matrix[..., 1, 2] = (
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
    )
    matrix[..., 2, 0], matrix[..., 2, 1], matrix[..., 2, 2] = (
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    )
    return matrix


def _text(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.6f}" for value in values)

"""The words for the cast: people with their clothes, hair and faces, animals, vehicles, what stands about, and signs.

As in `words`: what stands twice is said twice as often, and verbs are given as does it, doing it, and do it.
"""

from __future__ import annotations

from vitascope.world.scene import (
    AnimalAction,
    Bottom,
    Coat,
    Expression,
    HairColour,
    HairStyle,
    PersonAction,
    PropKind,
    SignForm,
    Skin,
    Species,
    Top,
    VehicleKind,
    Who,
)

Words = tuple[str, ...]
Verb = tuple[str, str, str]

# ---- people

WHO_WORDS: dict[Who, Words] = {
    "woman": ("woman", "woman", "woman", "woman", "woman", "woman", "lady", "person"),
    "man": ("man", "man", "man", "man", "man", "man", "man", "person"),
    "girl": ("girl", "girl", "girl", "girl", "girl", "little girl", "young girl", "child"),
    "boy": ("boy", "boy", "boy", "boy", "boy", "little boy", "young boy", "child"),
}
PRONOUNS: dict[str, str] = {"woman": "she", "lady": "she", "girl": "she", "man": "he", "boy": "he"}
SKIN_WORDS: dict[Skin, Words] = {
    "pale": ("pale", "pale-skinned"),
    "fair": ("fair-skinned", "light-skinned"),
    "tan": ("tanned",),
    "brown": ("brown-skinned",),
    "dark": ("dark-skinned",),
}
HAIR_WORDS: dict[HairStyle, Words] = {  # after the noun; {colour} may be left out
    "short": ("with short {colour} hair", "with short {colour} hair", "with {colour} hair"),
    "long": ("with long {colour} hair", "with long {colour} hair", "with {colour} hair"),
    "bun": ("with {colour} hair in a bun", "with a {colour} bun"),
    "curly": ("with curly {colour} hair", "with {colour} curls"),
    "bald": ("with a bald head",),
    "ponytail": ("with a {colour} ponytail", "with {colour} hair in a ponytail"),
}
HAIR_COLOUR_WORDS: dict[HairColour, Words] = {
    "black": ("black",),
    "brown": ("brown",),
    "blond": ("blond", "blonde"),
    "red": ("red",),
    "grey": ("grey", "grey", "gray"),
}
HAIRED_WORDS: dict[HairColour, Words] = {  # before the noun
    "black": ("black-haired", "dark-haired"),
    "brown": ("brown-haired",),
    "blond": ("blond", "blonde", "blond-haired"),
    "red": ("red-haired", "ginger-haired"),
    "grey": ("grey-haired", "gray-haired"),
}
STYLED_WORDS: dict[HairStyle, Words] = {  # before the noun
    "short": ("short-haired",),
    "long": ("long-haired",),
    "bun": (),
    "curly": ("curly-haired",),
    "bald": ("bald",),
    "ponytail": (),
}
TOP_WORDS: dict[Top, Words] = {
    "t-shirt": ("t-shirt", "t-shirt", "t-shirt", "shirt"),
    "jumper": ("jumper", "jumper", "sweater", "pullover"),
    "coat": ("coat",),
    "dress": ("dress",),
}
BOTTOM_WORDS: dict[Bottom, Words] = {
    "trousers": ("trousers", "trousers", "pants"),
    "shorts": ("shorts",),
    "skirt": ("skirt",),
}
WEARING: Words = ("in", "in", "in", "in", "wearing", "dressed in")
PERSON_VERBS: dict[PersonAction, tuple[Verb, ...]] = {
    "stand": (
        ("stands", "standing", "stand"),
        ("stands", "standing", "stand"),
        ("stands still", "standing still", "stand still"),
        ("waits", "waiting", "wait"),
    ),
    "walk": (
        ("walks", "walking", "walk"),
        ("walks", "walking", "walk"),
        ("walks", "walking", "walk"),
        ("strolls", "strolling", "stroll"),
    ),
    "run": (
        ("runs", "running", "run"),
        ("runs", "running", "run"),
        ("runs", "running", "run"),
        ("jogs", "jogging", "jog"),
    ),
    "wave": (
        ("waves", "waving", "wave"),
        ("waves", "waving", "wave"),
        ("waves hello", "waving hello", "wave hello"),
        ("waves a hand", "waving a hand", "wave their hands"),
        ("waves {their} hand", "waving {their} hand", "wave their hands"),
        ("gives a wave", "giving a wave", "give a wave"),
    ),
    "jump": (
        ("jumps", "jumping", "jump"),
        ("jumps", "jumping", "jump"),
        ("jumps up and down", "jumping up and down", "jump up and down"),
        ("jumps into the air", "jumping into the air", "jump into the air"),
        ("leaps up", "leaping up", "leap up"),
        ("hops", "hopping", "hop"),
    ),
    "dance": (
        ("dances", "dancing", "dance"),
        ("dances", "dancing", "dance"),
        ("does a dance", "doing a dance", "do a dance"),
    ),
    "bow": (
        ("bows", "bowing", "bow"),
        ("takes a bow", "taking a bow", "take a bow"),
        ("makes a bow", "making a bow", "make a bow"),
        ("bows down", "bowing down", "bow down"),
    ),
    "clap": (
        ("claps", "clapping", "clap"),
        ("claps", "clapping", "clap"),
        ("claps {their} hands", "clapping {their} hands", "clap their hands"),
        ("applauds", "applauding", "applaud"),
    ),
    "nod": (
        ("nods", "nodding", "nod"),
        ("nods", "nodding", "nod"),
        ("nods {their} head", "nodding {their} head", "nod their heads"),
        ("nods in agreement", "nodding in agreement", "nod in agreement"),
    ),
    "point": (
        ("points", "pointing", "point"),
        ("points at something", "pointing at something", "point at something"),
        ("points a finger", "pointing a finger", "point their fingers"),
        ("points with one arm", "pointing with one arm", "point with one arm"),
    ),
    "talk": (
        ("talks", "talking", "talk"),
        ("talks", "talking", "talk"),
        ("speaks", "speaking", "speak"),
        ("says something", "saying something", "say something"),
    ),
}
NEAR_VERBS: dict[str, tuple[Verb, ...]] = {  # more for those who face the camera
    "wave": (
        ("waves at the camera", "waving at the camera", "wave at the camera"),
        ("waves at us", "waving at us", "wave at us"),
        ("waves to us", "waving to us", "wave to us"),
    ),
    "talk": (
        ("talks to the camera", "talking to the camera", "talk to the camera"),
        ("speaks to us", "speaking to us", "speak to us"),
    ),
}
EXPRESSION_WORDS: dict[Expression, Words] = {  # before the noun
    "neutral": ("calm", "serious"),
    "happy": ("happy", "happy", "smiling", "cheerful"),
    "sad": ("sad", "sad", "unhappy"),
    "angry": ("angry",),
    "surprised": ("surprised", "surprised", "astonished"),
}
FACE_WORDS: dict[Expression, Words] = {  # after the noun
    "neutral": ("with a calm face", "with a neutral face"),
    "happy": ("with a happy face", "with a smile", "with a big smile", "with a happy smile"),
    "sad": ("with a sad face", "with a sad look"),
    "angry": ("with an angry face", "with an angry look"),
    "surprised": ("with a surprised face", "with a surprised look"),
}
EXPRESSION_VERBS: dict[Expression, tuple[Verb, ...]] = {
    "neutral": (("looks calm", "looking calm", "look calm"),),
    "happy": (
        ("smiles", "smiling", "smile"),
        ("smiles", "smiling", "smile"),
        ("looks happy", "looking happy", "look happy"),
    ),
    "sad": (("looks sad", "looking sad", "look sad"), ("looks unhappy", "looking unhappy", "look unhappy")),
    "angry": (("looks angry", "looking angry", "look angry"),),
    "surprised": (
        ("looks surprised", "looking surprised", "look surprised"),
        ("looks astonished", "looking astonished", "look astonished"),
    ),
}

# ---- animals, vehicles, what stands about, signs

SPECIES_WORDS: dict[Species, Words] = {
    "dog": ("dog",),
    "cat": ("cat",),
    "horse": ("horse",),
    "cow": ("cow",),
    "sheep": ("sheep",),
    "rabbit": ("rabbit", "rabbit", "rabbit", "bunny"),
    "elephant": ("elephant",),
    "bird": ("bird",),
}
COAT_WORDS: dict[Coat, Words] = {
    "brown": ("brown",),
    "black": ("black",),
    "white": ("white",),
    "grey": ("grey", "grey", "gray"),
    "ginger": ("ginger",),
}
SIZE_WORDS: tuple[Words, Words] = (("small", "little"), ("big", "large"))
ANIMAL_VERBS: dict[AnimalAction, tuple[Verb, ...]] = {
    "stand": (("stands", "standing", "stand"), ("stands still", "standing still", "stand still")),
    "walk": (
        ("walks", "walking", "walk"),
        ("walks", "walking", "walk"),
        ("walks along", "walking along", "walk along"),
        ("wanders", "wandering", "wander"),
    ),
    "run": (("runs", "running", "run"), ("runs", "running", "run"), ("races", "racing", "race")),
    "jump": (("jumps", "jumping", "jump"), ("jumps", "jumping", "jump"), ("leaps", "leaping", "leap")),
    "eat": (("eats", "eating", "eat"), ("is feeding", "feeding", "are feeding")),
    "fly": (
        ("flies", "flying", "fly"),
        ("flies", "flying", "fly"),
        ("flies through the air", "flying through the air", "fly through the air"),
    ),
}
SPECIES_VERBS: dict[tuple[Species, AnimalAction], tuple[Verb, ...]] = {  # more for some
    ("dog", "walk"): (("trots", "trotting", "trot"),),
    ("horse", "walk"): (("trots", "trotting", "trot"),),
    ("horse", "run"): (("gallops", "galloping", "gallop"), ("gallops", "galloping", "gallop")),
    ("horse", "eat"): (("grazes", "grazing", "graze"), ("grazes", "grazing", "graze")),
    ("cow", "eat"): (("grazes", "grazing", "graze"), ("grazes", "grazing", "graze")),
    ("sheep", "eat"): (("grazes", "grazing", "graze"), ("grazes", "grazing", "graze")),
    ("rabbit", "walk"): (("hops along", "hopping along", "hop along"),),
    ("rabbit", "run"): (("hops along fast", "hopping along fast", "hop along fast"),),
    ("rabbit", "jump"): (("hops", "hopping", "hop"),),
    ("rabbit", "eat"): (("nibbles", "nibbling", "nibble"),),
    ("bird", "fly"): (("flaps its wings and flies", "flapping its wings and flying", "flap their wings and fly"),),
    ("bird", "eat"): (("pecks at the ground", "pecking at the ground", "peck at the ground"),),
}
VEHICLE_WORDS: dict[VehicleKind, Words] = {
    "car": ("car",),
    "van": ("van",),
    "bus": ("bus",),
    "truck": ("truck", "truck", "lorry"),
    "tractor": ("tractor",),
}
VEHICLE_VERBS: dict[str, tuple[Verb, ...]] = {
    "drive": (
        ("drives", "driving", "drive"),
        ("drives", "driving", "drive"),
        ("drives along", "driving along", "drive along"),
        ("goes", "going", "go"),
    ),
    "stand": (
        ("is parked", "parked", "are parked"),
        ("is parked", "parked", "are parked"),
        ("stands still", "standing still", "stand still"),
    ),
}
PASSING: dict[str, tuple[Verb, ...]] = {  # more for those who go across the picture
    "walk": (("walks by", "walking by", "walk by"), ("walks past", "walking past", "walk past")),
    "run": (("runs by", "running by", "run by"), ("runs past", "running past", "run past")),
    "fly": (("flies by", "flying by", "fly by"), ("flies past", "flying past", "fly past")),
    "drive": (
        ("drives by", "driving by", "drive by"),
        ("drives past", "driving past", "drive past"),
        ("passes by", "passing by", "pass by"),
    ),
}
PROP_WORDS: dict[PropKind, Words] = {
    "chair": ("chair",),
    "table": ("table",),
    "sofa": ("sofa", "sofa", "couch"),
    "bed": ("bed",),
    "lamp": ("lamp", "floor lamp"),
    "shelf": ("shelf", "bookshelf"),
    "bench": ("bench",),
    "oak": ("oak", "oak tree", "tree"),
    "pine": ("pine", "pine tree", "tree"),
    "palm": ("palm", "palm tree", "palm tree"),
    "birch": ("birch", "birch tree", "tree"),
    "bush": ("bush", "bush", "shrub"),
    "rock": ("rock", "rock", "boulder"),
    "house": ("house",),
    "tower": ("tower", "tower block", "high-rise"),
    "fence": ("fence",),
    "street lamp": ("street lamp", "street light", "lamp post"),
    "wall": ("wall",),
    "window": ("window",),
}
OF_PLACE_WORDS: dict[PropKind, Words] = {  # what stands for something else where a place asks for it
    "bush": ("cactus",),
    "shelf": ("kitchen counter", "worktop"),
}
PAINTED: tuple[PropKind, ...] = (  # whose colour is seen
    "chair", "table", "sofa", "bed", "lamp", "shelf", "bench", "house", "tower", "fence",
)  # fmt: skip
TREES: tuple[PropKind, ...] = ("oak", "pine", "palm", "birch")
PROP_VERBS: tuple[Verb, ...] = (("stands", "standing", "stand"),)
SIGN_WORDS: dict[SignForm, Words] = {
    "board": ("sign",),
    "poster": ("poster", "poster", "poster", "sign"),
    "banner": ("banner", "banner", "banner", "sign"),
}
SAYING: Words = (  # after the sign
    "that says {word}", "that says {word}", "saying {word}", "reading {word}", "that reads {word}",
    "with the word {word}", "with the word {word}", "with the word {word} on it", "with {word} on it",
    "with {word} written on it",
)  # fmt: skip
LETTERS: Words = ("in {ink} letters", "in {ink} letters", "written in {ink}")
SAYS: tuple[Verb, ...] = (("says", "saying", "say"), ("says", "saying", "say"), ("reads", "reading", "read"))
SIGN_VERBS: dict[SignForm, tuple[Verb, ...]] = {
    "board": (("stands", "standing", "stand"),),
    "poster": (("is on display", "on display", "are on display"),),
    "banner": (("hangs", "hanging", "hang"), ("hangs between two posts", "hanging between two posts", "hang")),
}

"""Whether a name is rather a woman's or a man's: for who is only named."""

from typing import Literal

from vitascope.sound.script import PEOPLE

_FEMALE = """
    abigail ada agnes alice alison amanda amelia amy ana andrea angela anita ann anna anne annie astrid audrey ava
    barbara beatrice bella beth betty bridget carmen carol caroline catherine charlotte chloe christina christine
    claire clara daisy dana daphne deborah denise diana donna dora doris dorothy edith eleanor elena elizabeth ella
    ellen emily emma erika esther eva eve evelyn fatima fiona florence frances freya gabrielle gina gloria grace
    greta hannah harriet hazel heather heidi helen holly ida ines ingrid irene iris isabel isabella isla ivy jane
    janet jasmine jennifer jenny jessica jill joan joanna josephine joy joyce judith judy julia julie karen kate
    katherine kathleen katie kim laila laura lena leila lily linda lisa lola louise lucia lucy lydia mabel maggie
    margaret maria marie marina marion martha mary maya megan mei melissa mia michelle mina miriam molly monica
    nadia nancy naomi natalie nina nora olga olivia pamela patricia paula penelope phoebe priya rachel rebecca rita
    rosa rose rosie ruby ruth sally samantha sandra sara sarah sharon sheila silvia sofia sophia sophie stella susan
    tara tessa tina valerie vera veronica victoria violet virginia vivian wendy yasmin yuki zara zoe mrs miss ms
    mother mum mom aunt grandma granny sister lady madam princess queen duchess
"""
_MALE = """
    aaron adam adrian ahmed alan albert alex alexander alfred ali andrew andy anthony antonio arthur austin ben
    benjamin bernard bill bob boris brian bruno bruce carl carlos charles charlie chris christopher colin connor dan
    daniel dave david dean dennis diego dimitri donald douglas edgar edmund eduard edward elias eric ernest ethan
    eugene felix finn francis frank fred frederick gary george gerald gordon graham greg gregory hans harold harry
    hassan henry hugh hugo ian igor isaac ivan jack jacob jake james jamie jan jason jeff jerome jim joe joel john
    jonas jonathan jose joseph joshua juan julian justin karl keith ken kenneth kevin lars laurence leo leon leonard
    lewis liam louis lucas luis luke magnus marc marcel marco marcus mario mark martin matt matthew max michael
    miguel mike mohammed nathan neil nicholas nick noah oliver omar oscar oskar otto pablo patrick paul pedro peter
    philip pierre rafael ralph ravi raymond richard rob robert robin roger roland ron rory roy rudolf rupert russell
    ryan sam samuel scott sean sebastian sergei simon stanley stefan stephen steve steven stuart ted theo theodore
    thomas tim timothy tobias tom tommy tony ulrich victor vincent walter wilhelm will william xavier yusuf mr
    father dad uncle grandpa brother sir lord prince king duke captain sergeant
"""


def sex_of(name: str) -> Literal["female", "male"] | None:
    """Of whom this is a name, as far as is known ("Old Ben", "Mrs Lee", "Queen"); None where it is not."""
    female, male = set(_FEMALE.split()), set(_MALE.split())
    for word in name.lower().replace(".", "").split():
        if word in PEOPLE and PEOPLE[word][0] is not None:
            return PEOPLE[word][0]
        if word in female:
            return "female"
        if word in male:
            return "male"
    return None

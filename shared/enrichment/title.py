"""Job titles: rank, department and buying role, by the words of `titles*.toml`; `unknown` if unsure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from shared.enrichment.repair import repaired
from shared.enrichment.word_lists import read_word_lists
from shared.leads.enrichment import PersonFacts

LONGEST = 200  # characters read
STUDENT = "student"  # the lexicon's word for a rank that is shown as unknown
_SHORTEST_SLIP = 5  # letters of a word that is looked at for slips

# Scripts without spaces between words: their terms match anywhere. Thai, Japanese, Chinese, Korean; the
# middle dot isn't part of them.
_UNPARTED = "\u0e01-\u0e4e\u3040-\u30fa\u30fc-\uffef"
_FIRST_UNPARTED = "\u0e01"
_IS_UNPARTED = re.compile(rf"[{_UNPARTED}]+").fullmatch
_WORD = re.compile(rf"[{_UNPARTED}]+|[^\W{_UNPARTED}]+|[^\w\s.\"*`\u00b4·\u2010-]")

# Accents; points and long letters of Hebrew and Arabic.
_ACCENT = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u0655\u0670\u200c-\u200f]")
_UMLAUT = re.compile(r"([aou])e(?:(?=\w)|(?<=\w..))")  # Geschaeftsfuehrer, but not the abbreviation AE
_SPELLINGS = {"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "a", "œ": "o", "ð": "d", "þ": "th", "_": " "}
_SPELLINGS |= {"&": " and ", "+": " and ", "'": " ", "\u2019": " ", "ー": "", "兼": ","}
# Arabic alef maqsura, Persian yeh and kaf, teh marbuta; the Hebrew hyphen.
_SPELLINGS |= {"\u0649": "ي", "\u06cc": "ي", "\u06a9": "ك", "\u0629": "\u0647", "\u05be": " "}
_TRADITIONAL = (
    "經總監長務財會計業銷產專員師發開軟體資訊網絡據數術圖書處廠課組隊辦國際區採購應鏈質運營廣場導實習職聯"
    "創闆東獨執學聲機構設樂畫語譯護醫藥劑農鄉縣鎮顧問詢諮稅審預險證貸帳帐賬戶進關報單倉庫輸貨維備後題測試"
    "電腦雲層標準規劃協負責裝檢驗動視覺訓練門個夥飛記編輯攝廚內對貿傳華級領養衛環節約權轉認識隱訴訟調療獸"
    "連飯館廳線滲風績勞團項製氣費遊戲議祕黨僱買賣價儲幹藝軍園鐵車駕駛櫃檯臺賓潔寫紀銀債補結繪築講聽類許詐"
    "優貝賽競歷鏡錄齒靈驅韌態擴陳積詳範賴絲種鄰離樣檔欄溝滿災眾確碼禮穩筆簽糧終統紡織細緊繼續罰聞聰腳臨與"
    "興舉藍蟲複觀訂託評該誌說談請論謀譽讀變豐貢貫賃贊趨跡軌較輔輪邊還釋針鋪鋼錢鍵鑑閱陽陰隨難雜靜響頂順須"
    "頻額願顯飲餘馬鮮鳥麥點齊龍"
)
_SIMPLIFIED = (
    "经总监长务财会计业销产专员师发开软体资讯网络据数术图书处厂课组队办国际区采购应链质运营广场导实习职联"
    "创板东独执学声机构设乐画语译护医药剂农乡县镇顾问询咨税审预险证贷账账账户进关报单仓库输货维备后题测试"
    "电脑云层标准规划协负责装检验动视觉训练门个伙飞记编辑摄厨内对贸传华级领养卫环节约权转认识隐诉讼调疗兽"
    "连饭馆厅线渗风绩劳团项制气费游戏议秘党雇买卖价储干艺军园铁车驾驶柜台台宾洁写纪银债补结绘筑讲听类许诈"
    "优贝赛竞历镜录齿灵驱韧态扩陈积详范赖丝种邻离样档栏沟满灾众确码礼稳笔签粮终统纺织细紧继续罚闻聪脚临与"
    "兴举蓝虫复观订托评该志说谈请论谋誉读变丰贡贯赁赞趋迹轨较辅轮边还释针铺钢钱键鉴阅阳阴随难杂静响顶顺须"
    "频额愿显饮余马鲜鸟麦点齐龙"
)
_SPELLINGS |= zip(_TRADITIONAL, _SIMPLIFIED, strict=True)
_SPELLED_OTHERWISE = re.compile(f"[{''.join(_SPELLINGS)}]")
_THAI_AND = "และ"  # written without blanks around it

_SEMITIC = "\u05d0-\u05ea\u0620-\u06d3"  # Hebrew and Arabic
_HAS_SEMITIC = re.compile(f"[{_SEMITIC}]").search
_ARTICLE = re.compile(r"\b(و?)(?:ال|لل|بال)(?:ال)?(?=[\u0620-\u06d3]{3})")  # (and) the, for the, by the
_PREFIX = re.compile(
    rf"[\u05d1\u05d4\u05d5\u05dc\u05e9\u0628\u0644\u0648](?=[{_SEMITIC}]{{3}})"
)  # in, to, and ...
_ABBREVIATION = re.compile(
    r"(?<=[\u05d0-\u05ea])[\"'\u05f3\u05f4\u201c-\u201e]{1,2}(?=[\u05d0-\u05ea])"
)  # of Hebrew

_BRACKETS = frozenset("()[]{}")
_DOTTED = re.compile(r"(?:\b[^\W\d_]\.\s?){2,}(?:[^\W\d_]\b)?")  # C.E.O., V. P.
_GENDER = re.compile(
    r"[(\[]?\b[mwfdhvxk](?:\s?[/|]\s?(?:[mwfdhvxk]|gn|div))+\b\.?[)\]]?"  # (m/w/d), H/F
    # Leiter*in, Director/a, gérant(e)
    r"|(?<=\w{3})(?:[*:/_·.-]-?|\()(?:in|innen|a|as|e|ne|se|euse|rice|trice|ora|ra|ka|ца|ка|иця|ת|ית|ה|ة)\)?(?![\w-])",
    re.IGNORECASE,
)
_EMPLOYER = re.compile(
    r"(?:\s(?:at|bei|bij|chez|presso|hos|w firmie)\s(?!law\b|large\b)|@).*"
    r"|(?:[,|(]|\s-\s)[^,|(]*\b(?:gmbh|llc|inc|ltd|limited|corp|corporation|plc|pvt|sarl|ltda|kft|zrt|nyrt|oyj|"
    r"s\.\s?r\.\s?o|d\.\s?o\.\s?o|\u043e{3}|[\u043e\u0437\u043f]\u0430\u043e|\u0435\u043e\u043e\u0434)\b.*"
    r"|\S*(?:株式会社|有限会社|合同会社)\S*|\S*有限公司",
    re.IGNORECASE | re.DOTALL,
)


class _Term(NamedTuple):
    """The meaning of a term of the lexicon."""

    about: str  # rank, department or advice
    value: str
    weak: bool  # counts only if no other term does
    occupation: bool = False  # a job that serves other departments: it beats the one it serves


type _Meanings = dict[str, list[tuple[str, _Term]]]  # by the first word: the other words, and the meaning


class _Terms(NamedTuple):
    """The terms of some lexicons, prepared for look-up."""

    meanings: _Meanings
    after_any: _Meanings  # of terms that need any word before them
    lengths: dict[str, set[int]]  # of terms with wildcards: by `a*`, `*a` or `*a*` for one letter at that end


class _Lexicon(NamedTuple):
    """What all titles are read with."""

    terms: _Terms
    scripts: list[tuple[re.Pattern[str], str]]  # names of further lexicons, by letters that titles must have
    slips: dict[str, list[str]]  # well-known words by what is left of them without one letter
    order: dict[
        str, dict[str, int]
    ]  # of ranks and of departments: the position of each value; the smallest wins
    implied: dict[str, _Term]  # by rank: the department that it implies
    parting: frozenset[str]  # and, und, ...
    of_another: frozenset[str]  # to, the, des, ...
    right: frozenset[str]  # words that aren't looked at for slips


class _Word(NamedTuple):
    """A word or sign of a title; `end` is excluded."""

    text: str
    start: int
    end: int
    breath: int  # commas, `and`s and the like before it


class _Hit(NamedTuple):
    """A match of a term in a title."""

    start: int
    end: int
    breath: int
    after: str  # the previous word
    fit: int  # 0: with a wildcard in its first word, 1: without, 2: for the word before it
    term: _Term


def person_facts(title: str | None) -> PersonFacts:
    """Rank, department and buying role, each `unknown` unless the title has a term for it. Never raises."""
    lexicon = _lexicon()
    hits: dict[str, list[_Hit]] = {"rank": [], "department": [], "advice": []}
    text = _fold(_without_noise(repaired((title or "")[:LONGEST])))
    words = list(_words(text, lexicon))
    for terms in _terms_for(text, lexicon):
        for hit in _hits(words, terms, lexicon.parting):
            hits[hit.term.about].append(hit)
    ranks = _best_hits(hits["rank"])
    rank = _rank(ranks, lexicon)
    implied = [_implied_department(hit, lexicon) for hit in ranks if hit.term.value in lexicon.implied]
    departments = _best_hits(hits["department"])
    department = _department(_jobs(departments, ranks) or departments, implied, lexicon)
    return PersonFacts(
        rank=rank,
        department=department,
        buying_role=_buying_role(rank, department, advises=bool(hits["advice"])),
    )


def words_of(about: str) -> tuple[str, ...]:
    """Our words for ranks, or for departments, as `about` says."""
    return tuple(word for word in _lexicon().order[about] if word != STUDENT)


def _rank(hits: list[_Hit], lexicon: _Lexicon) -> str:
    """The highest of the person's own ranks: in `adviser to the CEO`, CEO is another person's.

    Of a student only jobs as an assistant count: `Student, president of the chess club` is a student.
    """
    first = min(hits, key=lambda hit: hit.start, default=None)
    own = [hit.term for hit in hits if hit is first or hit.after not in lexicon.of_another]
    if first and first.term.value == STUDENT:
        jobs = [hit for hit in hits if hit is not first and not hit.term.weak]
        if all(hit.breath > first.breath for hit in jobs):
            own = [term for term in own if term.value == "assistant"]
    own = [term for term in own if term.value != STUDENT]
    order = lexicon.order["rank"]
    return min(own, key=lambda term: (term.weak, order[term.value])).value if own else "unknown"


def _jobs(departments: list[_Hit], ranks: list[_Hit]) -> list[_Hit]:
    """The occupations among the departments, unless a rank before them says what the person does.

    In `Sales and Marketing Recruiter` the recruiter, in `Sales Manager and Recruiter` none.
    """
    return [
        hit
        for hit in departments
        if hit.term.occupation
        and any(rank.start < hit.end and rank.end > hit.start for rank in ranks)
        and not any(rank.end <= hit.start for rank in ranks)
    ]


def _department(hits: list[_Hit], implied: list[_Hit], lexicon: _Lexicon) -> str:
    """The first department named, of several between two commas the most specific; else the rank's."""
    strong = [hit for hit in hits + implied if not hit.term.weak]
    named = strong or hits or implied
    return (
        min(named, key=lambda hit: (hit.breath, _place(hit.term, lexicon), hit.start)).term.value
        if named
        else "unknown"
    )


def _place(term: _Term, lexicon: _Lexicon) -> int:
    """The position of a department's group: `executive?` and `hr!` may have places of their own."""
    order = lexicon.order["department"]
    mark = "!" if term.occupation else "?" if term.weak else ""
    return order.get(term.value + mark, order[term.value])


def _implied_department(hit: _Hit, lexicon: _Lexicon) -> _Hit:
    """The department that a rank implies; weak if either term is weak."""
    term = lexicon.implied[hit.term.value]
    return hit._replace(term=term._replace(weak=term.weak or hit.term.weak))


def _buying_role(rank: str, department: str, *, advises: bool) -> str:
    """The usual role of such a person when business software is bought."""
    if rank == "assistant":
        return "gatekeeper"
    if rank in ("owner", "c_level", "vp"):
        return "decider"
    if department == "procurement":
        return "buyer"
    if rank == "professional":
        weighs = department in ("finance", "legal") or (advises and department != "other")
        return "influencer" if weighs else "user"
    return {"director": "decider", "manager": "influencer"}.get(rank, "unknown")


def _without_noise(title: str) -> str:
    """Drop the employer, the forms for other genders, and the dots of abbreviations."""
    text = unicodedata.normalize("NFKC", title)
    job = _EMPLOYER.sub(" ", text)
    text = _GENDER.sub(" ", job if job.strip() else text)
    return _DOTTED.sub(lambda match: re.sub(r"[.\s]", "", match[0]) + " ", text).replace(" - ", " | ")


def _fold(text: str) -> str:
    """Fold a title or term to one spelling: lower case, no accents, one form of umlauts and the like."""
    if not text.isascii():
        plain = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFC", plain).replace(_THAI_AND, ",")
        if _HAS_SEMITIC(text):
            text = _ARTICLE.sub(lambda match: "و " if match[1] else "", _ABBREVIATION.sub("", text))
    text = _SPELLED_OTHERWISE.sub(lambda match: _SPELLINGS[match[0]], text.casefold())
    return _UMLAUT.sub(r"\1", text)


def _terms_for(text: str, lexicon: _Lexicon) -> Iterator[_Terms]:
    """The terms that a title may have by its letters."""
    yield lexicon.terms
    if not text.isascii():
        for letters, script in lexicon.scripts:
            if letters.search(text):
                yield _terms_of_script(script)


def _hits(words: list[_Word], terms: _Terms, parting: frozenset[str]) -> Iterator[_Hit]:
    """Every match of a term in a title, overlapping ones too."""
    for number, word in enumerate(words):
        before = words[number - 1] if number else None
        after = before.text if before else ""
        for start, end, first in _first_words(word.text, terms.lengths):
            for rest, term in terms.meanings.get(first, ()):
                stop = word.start + end
                if rest:
                    stop = _end(rest.split(), words[number + 1 :], parting)
                if stop:
                    fit = int("*" not in first)
                    yield _Hit(word.start + start, stop, word.breath, after, fit, term)
        if before and before.breath == word.breath and _fits("*", after, parting):
            for rest, term in terms.after_any.get(word.text, ()):
                stop = _end(rest.split(), words[number + 1 :], parting) if rest else word.end
                if stop:
                    yield _Hit(word.start, stop, word.breath, after, 2, term)


def _end(patterns: list[str], words: list[_Word], parting: frozenset[str]) -> int:
    """Where a phrase ends whose further words match these patterns; 0 if they don't."""
    following = words[: len(patterns)]
    fits = len(following) == len(patterns) and all(
        _fits(pattern, word.text, parting) for pattern, word in zip(patterns, following, strict=True)
    )
    return following[-1].end if fits else 0


def _words(text: str, lexicon: _Lexicon) -> Iterator[_Word]:
    """The words and signs of a title. A bracket separates like a comma, but phrases may continue after it."""
    breath = 0
    for match in _WORD.finditer(text):
        word = match[0]
        if word in lexicon.parting or not (word.isalnum() or _IS_UNPARTED(word)):
            breath += 1
        if word not in _BRACKETS:
            yield _Word(_without_slip(word, lexicon), match.start(), match.end(), breath)


def _without_slip(word: str, lexicon: _Lexicon) -> str:
    """The well-known word that is meant if one letter is wrong, missing, too many or in another place.

    The first and the last letter must be right, as in nearly all slips; `owned` and `directory` are words.
    """
    if len(word) < _SHORTEST_SLIP or word in lexicon.right or word in lexicon.terms.meanings:
        return word
    near = {meant for left in _one_letter_less(word) for meant in lexicon.slips.get(left, ())}
    swapped = sorted(word)
    return min(
        (meant for meant in near if _may_be(word, meant)),
        key=lambda meant: (sorted(meant) != swapped, abs(len(meant) - len(word)), meant),
        default=word,
    )


def _may_be(word: str, meant: str) -> bool:
    """Whether both begin and end alike, or with two letters swapped; short words may only swap letters."""
    begins = word[0] == meant[0] or word[:2] == meant[1::-1]
    ends = word[-1] == meant[-1] or (len(word) == len(meant) and word[-2:] == meant[:-3:-1])
    return begins and ends and (len(meant) > _SHORTEST_SLIP or sorted(word) == sorted(meant))


def _first_words(word: str, lengths: dict[str, set[int]]) -> Iterator[tuple[int, int, str]]:
    """The first words of terms that match this word, with the matched range."""
    size = len(word)
    yield 0, size, word
    for start in _after_prefixes(word):
        yield start, size, word[start:]
    for length in lengths.get(f"{word[0]}*", ()):
        if length <= size:
            yield 0, length, f"{word[:length]}*"
    for length in lengths.get(f"*{word[-1]}", ()):
        if length <= size:
            yield size - length, size, f"*{word[-length:]}"
    for start, letter in enumerate(word):
        for length in lengths.get(f"*{letter}*", ()):
            if start + length <= size:
                yield start, start + length, f"*{word[start : start + length]}*"


def _after_prefixes(word: str) -> Iterator[int]:
    """Where a Hebrew or Arabic word begins without the `and`, `to`, `in`, `the` written with it."""
    start = 0
    while start < len(word) and _PREFIX.match(word, start):
        start += 1
        yield start


def _fits(pattern: str, word: str, parting: frozenset[str]) -> bool:
    """Whether a word matches a pattern; `*` alone matches any word except signs and `to`, `of`, `for`."""
    if pattern in parting:
        return word in parting
    if pattern == "*":
        return (word.isalnum() or bool(_IS_UNPARTED(word))) and word not in ("to", "of", "for")
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in word
    if pattern.startswith("*"):
        return word.endswith(pattern[1:])
    if pattern.endswith("*"):
        return word.startswith(pattern[:-1])
    return word == pattern or (word.endswith(pattern) and len(word) - len(pattern) in _after_prefixes(word))


def _best_hits(hits: list[_Hit]) -> list[_Hit]:
    """The matches that no better match overlaps, without those of value `unknown`, which only hide others.

    Strong is better than weak, then long than short, then without than with wildcard.
    """
    best: list[_Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.term.weak, hit.start - hit.end, -hit.fit)):
        if all(hit.end <= other.start or hit.start >= other.end for other in best):
            best.append(hit)
    return [hit for hit in best if hit.term.value != "unknown"]


@cache
def _lexicon() -> _Lexicon:
    general = read_word_lists("titles.toml")
    terms = _terms([general, read_word_lists("titles_latin.toml")])
    words = {name: frozenset(_split(_fold(text))) for name, text in general["words"].items()}
    later = {rest for entries in terms.meanings.values() for rest, _ in entries if rest}
    words["right"] |= set(" ".join(later).split())
    return _Lexicon(
        terms=terms,
        scripts=[(re.compile(f"[{letters}]"), name) for name, letters in general["scripts"].items()],
        slips=_slips(words.pop("often_misspelt")),
        order={about: _positions(groups) for about, groups in general["order"].items()},
        implied={
            rank: _Term("department", value.rstrip("?"), weak=value.endswith("?"))
            for rank, value in general["rank_means"].items()
        },
        **words,
    )


@cache
def _terms_of_script(script: str) -> _Terms:
    return _terms([read_word_lists(f"titles_{script}.toml")])


def _terms(files: list[dict[str, Any]]) -> _Terms:
    """The terms of these files."""
    meanings: _Meanings = {}
    for tables in files:
        _add_terms(tables, meanings)
    after_any: _Meanings = {}
    for words, term in meanings.pop("*", ()):
        first, _, rest = words.partition(" ")
        after_any.setdefault(first, []).append((rest, term))
    return _Terms(meanings, after_any, _lengths(meanings))


def _add_terms(tables: dict[str, Any], meanings: _Meanings) -> None:
    """Add the terms of one file."""
    for about in ("rank", "department", "advice"):
        for value, languages in tables.get(about, {}).items():
            strong, weak = _Term(about, value, weak=False), _Term(about, value, weak=True)
            marked = {"?": weak, "!": strong._replace(occupation=True)}
            for written in _split(_fold(",".join(languages.values()))):
                term = marked.get(written[-1], strong)
                plain = written if term is strong else written[:-1]
                for form in _forms(plain) if "(" in plain else (plain,):
                    first, _, rest = form.partition(" ")
                    if first >= _FIRST_UNPARTED and _IS_UNPARTED(first):
                        first = f"*{first}*"
                    if first in meanings:
                        meanings[first].append((rest, term))
                    else:
                        meanings[first] = [(rest, term)]


def _split(text: str) -> list[str]:
    """The terms of a list with commas; blanks and line ends around them don't matter."""
    return " ".join(text.split()).replace(" ,", ",").replace(", ", ",").split(",")


def _one_letter_less(word: str) -> set[str]:
    """The word, and what is left of it without any one letter."""
    return {word, *(word[:number] + word[number + 1 :] for number in range(len(word)))}


def _slips(words: Iterable[str]) -> dict[str, list[str]]:
    """The words by what is left of each without one letter."""
    slips: dict[str, list[str]] = {}
    for word in words:
        for left in _one_letter_less(word):
            slips.setdefault(left, []).append(word)
    return slips


def _forms(written: str) -> list[str]:
    """`leiter(in)` is leiter and leiterin, `direct(eur/rice)` is directeur and directrice."""
    before, _, after = written.partition("(")
    inside, _, behind = after.partition(")")
    choices = inside.split("/") if "/" in inside else ("", inside)
    forms = [before + choice + behind for choice in choices]
    return [other for form in forms for other in _forms(form)] if "(" in behind else forms


def _lengths(terms: Iterable[str]) -> dict[str, set[int]]:
    """Lengths of wildcard terms, by their first letter, or by their last letter for endings."""
    lengths: dict[str, set[int]] = {}
    for term in terms:
        if "*" in term and (letters := term.strip("*")):
            begins, ends = term[0] != "*", term[-1] != "*"
            key = f"{letters[0]}*" if begins else f"*{letters[-1]}" if ends else f"*{letters[0]}*"
            lengths.setdefault(key, set()).add(len(letters))
    return lengths


def _positions(groups: list[list[str]]) -> dict[str, int]:
    """The position of each value's group, from 0."""
    return {value: position for position, group in enumerate(groups) for value in group}

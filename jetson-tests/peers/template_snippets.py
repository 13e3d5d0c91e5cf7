"""Constructs of the template language, one a line, for make_template_goldens.py."""

CONTEXT = {
    "n": None,
    "t": True,
    "f": False,
    "i": 7,
    "neg": -7,
    "x": 2.5,
    "s": "Hello, World",
    "e": "",
    "u": "Grüße 🙂 ΑΣ ß ﬁ",
    "w": "  a b\tc \n d  ",
    "html": "<b>\"it's\" & more</b>",
    "l": [3, 1, 2],
    "ls": ["b", "A", "c"],
    "d": {"b": 1, "a": [1, 2.0, None], "C": {"x": "y"}},
    "users": [
        {"name": "ann", "age": 31, "tags": ["x"], "address": {"city": "Oslo"}},
        {"name": "Bob", "age": 22, "tags": [], "address": {"city": "Rome"}},
        {"name": "cid", "age": 31, "tags": ["y", "z"]},
    ],
    "items_key": {"items": [1, 2], "keys": "k"},
}

EXPRESSIONS = r"""
n ~ t ~ f ~ i ~ x ~ s
[n, t, f, i, x, s, e, l, d]
(1,)
()
(1, 'a', none)
{}
{'a': 1, "b": [2], 3: none, 1.5: true}
{1: 'a', true: 'b', 1.0: 'c'}
'it\'s'
"it's"
['it\'s', 'say "hi"', 'both \' and "', 'new\nline', 'tab\t', 'nul\x00', '\u00e9\u2028\U0001f642\xa0\x7f']
'a' 'b' "c"
'\d \q \a\b\f\v \101 \0 \
x'
'\é \中'
'\N{BULLET}'
1_000 + 0x1f + 0o17 + 0b101 + 00
1.5e3 ~ ' ' ~ 1e-7 ~ ' ' ~ 1e16 ~ ' ' ~ 123456789012345680.0 ~ ' ' ~ 0.1 ~ ' ' ~ 1e22 ~ ' ' ~ 5e-324 ~ ' ' ~ 1.7976931348623157e308
1.0 ~ ' ' ~ 100.0 ~ ' ' ~ 1e15 ~ ' ' ~ 0.0001 ~ ' ' ~ 0.00001 ~ ' ' ~ -0.0 ~ ' ' ~ 2.5e-5
1 + 2 * 3 - 4 / 2
7 // 2 ~ ' ' ~ -7 // 2 ~ ' ' ~ 7 % 3 ~ ' ' ~ -7 % 3 ~ ' ' ~ 7 % -3
7.5 // 2 ~ ' ' ~ -7.5 // 2 ~ ' ' ~ 7.5 % 2 ~ ' ' ~ -7.5 % 2 ~ ' ' ~ 7.5 % -2 ~ ' ' ~ 4.0 % 2
2 ** 10 ~ ' ' ~ 2 ** -1 ~ ' ' ~ 2.0 ** 3 ~ ' ' ~ 2 ** 3 ** 2 ~ ' ' ~ (-2) ** 3 ~ ' ' ~ 0 ** 0
-2 ** 2
10 / 4 ~ ' ' ~ 10 / 5
1 / 0
1 // 0
1 % 0
1.0 / 0
t + t
t * 3
- t
+ i
-i|abs
-x
not n
not not s
1 + 1 ~ 2 + 3
'a' ~ 1 + 2
1 ~ 2 * 3
'ab' * 3
3 * 'ab'
'ab' * -1
[1, 2] * 2
[1] + [2]
(1,) + (2,)
'a' + 'b'
'a' + 1
1 + 'a'
[1] + (2,)
n + 1
s - 1
missing + 'a'
'a' + missing
missing ~ 'a'
missing
missing.attribute
missing['key']
missing()
missing[1:]
missing|length
missing|list
missing == other
missing == none
missing is defined
missing < 1
not missing
'a' in missing
missing in 'a'
d.missing
d.missing.deeper
d['missing']
d['missing']['deeper']
s.missing.x
n.x
n['x']
n[0]
n[0].x
i.x.y
x.foo.bar
l.x.y
l['x'].y
l[10]
l[10].y
l[-1] ~ l[-3] ~ l[-4]
l[0:2]
l[::-1]
l[-2:]
l[5:]
l[::2]
l[1:None]
s[0] ~ s[-1] ~ s[100]
s[1:4] ~ s[::-1] ~ s[-5:] ~ s[:-7] ~ s[5:1] ~ s[::3]
u[6] ~ u[7:9] ~ u[::-1]
(1, 2, 3)[1:]
l['a':]
n[1:]
d[1:]
i[1:]
l[::0]
l[1.0]
l[true]
d.b ~ d['a'] ~ d.C.x ~ d['C']['x']
d.items
d.items()
d.keys()
d.values()
d|items|list
items_key.items
items_key['items']
items_key.items()
items_key.keys
d.get('b') ~ d.get('q') ~ d.get('q', 5)
d.get('q', default=1)
s.strip(chars='d')
s.split(sep=',')
s.replace('l', 'L', count=1)
w.swapcase()
'a b  c '.rsplit(maxsplit=0)
'  a b  c '.split(maxsplit=0)
d.get('q', 'z')
d.copy()
d.pop('b')
d.update({})
l.append(1)
l.sort
l.append
l.index(2) ~ l.count(1) ~ l.index(9)
l.copy()
s.__class__
s.__class__.__mro__
''.__class__
d.__class__
d._x
d._x is defined
n.__class__
s.format_map(d)
1 < 2 < 3
1 < 3 < 2
1 == 1.0 == true
'a' < 'b' and 'Z' < 'a'
'\uffff' < '\U00010000'
[1, 2] < [1, 3]
[1, 2] < [1, 2, 0]
(1, 2) == (1, 2)
[1] == (1,)
{'a': 1} == {'a': 1.0}
1 < 'a'
n < 1
l < 1
'a' in 'abc' and 'd' not in 'abc'
1 in [1.0] and 'b' in d and 2 in (1, 2)
1 in 'abc'
1 in 5
1 in n
'e' in s and 'ell' in s
n == none and n is none
n == false
0 == false
'' == none
t and 'yes'
f and 'yes'
f or 'no'
e or n or 'last'
t and e
s if t else 'other'
s if f else 'other'
s if f
(s if f) is defined
(s if f).x
1 if f else 2 if f else 3
'a' if t else 'b' ~ 'c'
i is odd and i is not even
i is divisibleby 7
i is divisibleby(2)
i is number and x is number and t is number and s is not number
i is integer and x is float and t is not integer and t is boolean
s is string and n is none and d is mapping and l is sequence and s is iterable
d is sequence ~ d is iterable ~ n is iterable ~ i is sequence ~ s is sequence
missing is iterable ~ missing is sequence ~ missing is mapping ~ missing is callable
d.items() is sequence ~ d.items() is iterable ~ (d|items) is sequence ~ range(2) is sequence
range is callable ~ s.upper is callable ~ s is callable
t is true ~ t is false ~ f is false ~ 1 is true
t is sameas true ~ n is sameas none ~ t is sameas 1
i is eq 7 ~ i is ne 7 ~ i is gt 5 ~ i is lessthan 5 ~ i is ge 7 ~ i is le 7 ~ i is equalto 7.0
'a' is in 'abc' ~ 1 is in [2]
'abc' is lower ~ 'ABC' is upper ~ 'aB' is lower ~ '1' is lower
'upper' is filter ~ 'nope' is filter ~ 'odd' is test
html|safe is escaped
s is nosuchtest
s is defined is defined
i is not none
not i is none
n is not none or t
s|length ~ u|length ~ l|length ~ d|length ~ d|count
i|length
n|length
range(3)|length
range(5)|list
range(2, 5)|list
range(5, 0, -2)|list
range(3)
range(0, 3, 2)
range(3)[1]
range(100001)
range(1, 2, 0)
s|upper ~ s|lower ~ 'hELLO wORLD'|capitalize ~ s|title
u|upper ~ u|lower ~ u|capitalize ~ u.title() ~ u.swapcase()
'they\'re bill\'s (friends) x-ray'|title ~ 'they\'re bill\'s friends'.title()
'ΑΣ'.lower() ~ 'ΑΣ Β'.lower() ~ 'ΣΑΣ'.capitalize() ~ 'ǆ'.title() ~ 'ǆ'.upper()
w|trim
w|trim|length
'xxaxx'|trim('x') ~ 'xyaxy'.strip('yx') ~ 'xax'.lstrip('x') ~ 'xax'.rstrip('x')
n|trim ~ i|upper ~ l|string
w.strip() ~ '|' ~ w.lstrip() ~ '|' ~ w.rstrip() ~ '|'
'\u00a0\u2003\x1c a \u3000\x85'.strip() ~ '|'
'\u200b a'.strip()
w.split()
w.split(' ')
w.split(none, 1)
w.split(maxsplit=2)
w.rsplit(none, 1)
w.rsplit(' ', 2)
'a,b,,c'.split(',')
'a,b,,c'.split(',', 2)
'a,b,,c'.rsplit(',', 1)
'a,b'.split('')
''.split()
''.split(',')
'abc'.split('abc')
'a<>b<>c'.split('<>')[-1]
'one\ntwo\r\nthree\x0bfour\n'.splitlines()
'one\ntwo\r\n'.splitlines(true)
''.splitlines()
'a-b-c'.partition('-') ~ 'a-b-c'.rpartition('-') ~ 'abc'.partition('-') ~ 'abc'.rpartition('-')
s.startswith('Hello') ~ s.startswith(('x', 'H')) ~ s.endswith('ld') ~ s.startswith('World', 7) ~ s.endswith('lo', 0, 5)
s.startswith(1)
s.startswith('')
s.startswith('', 50)
s.replace('l', 'L') ~ s.replace('l', 'L', 1) ~ 'ab'.replace('', '-') ~ 'ab'.replace('', '-', 2) ~ ''.replace('', 'x')
s|replace('o', '0') ~ s|replace('o', '0', 1) ~ i|replace(7, 8) ~ n|replace('None', 'x')
s.find('o') ~ s.rfind('o') ~ s.find('zz') ~ s.index('W') ~ s.find('o', 5) ~ u.find('Α')
s.index('zz')
s.count('l') ~ s.count('') ~ 'aaaa'.count('aa') ~ s.count('l', 3)
'-'.join(ls) ~ '-'.join('abc') ~ ''.join([])
'-'.join([1])
ls|join ~ ls|join(', ') ~ l|join('-') ~ [n, t, missing]|join('|')
users|join(', ', attribute='name')
users|map(attribute='name')|join(', ')
users|map(attribute='address.city')|list
users|map(attribute='address.city', default='?')|list
users|map(attribute='tags.0')|list
users|map(attribute='tags.0', default='-')|join(',')
ls|map('upper')|list
ls|map('replace', 'b', 'z')|list
ls|map('nofilter')|list
l|map('string')|join
users|selectattr('tags')|map(attribute='name')|list
users|selectattr('age', 'equalto', 31)|map(attribute='name')|list
users|selectattr('age', '>', 25)|list|length
users|rejectattr('age', 'eq', 31)|map(attribute='name')|list
users|selectattr('address', 'defined')|list|length
users|selectattr('address.city', 'equalto', 'Oslo')|list|length
users|selectattr('address.city.x', 'equalto', 'Oslo')|list|length
[0, 1, '', 'a', n]|select|list
[0, 1, '', 'a', n]|reject|list
l|select('odd')|list ~ l|reject('odd')|list ~ l|select('gt', 1)|list
users|selectattr()|list
users|selectattr('age')|first
users|selectattr('age', 'nosuch')|list
users|selectattr('age')|length
l|sort ~ l|sort(reverse=true) ~ ls|sort ~ ls|sort(case_sensitive=true)
users|sort(attribute='age')|map(attribute='name')|list
users|sort(attribute='age,name', reverse=true)|map(attribute='name')|list
[1, 'a']|sort
[[2, 1], [1, 2]]|sort
[n, 1]|sort
d|dictsort ~ d|dictsort(true)
{'a': 3, 'B': 1, 'c': 2}|dictsort(by='value') ~ {'a': 3, 'B': 1}|dictsort(reverse=true)
l|dictsort
d|dictsort(by='x')
['a', 'A', 'b', 'a']|unique|list ~ ['a', 'A']|unique(case_sensitive=true)|list
users|unique(attribute='age')|map(attribute='name')|list
l|min ~ l|max ~ ls|min ~ ls|max ~ []|min ~ users|max(attribute='age')
[1, 'a']|max
l|sum ~ users|sum(attribute='age') ~ l|sum(start=10)
ls|sum
l|first ~ l|last ~ s|first ~ s|last ~ []|first ~ []|last ~ d|first ~ d|last ~ missing|first ~ missing|last
[]|first is defined
([]|first).x
i|first
(l|map('string'))|last
l|reverse|list ~ s|reverse ~ d|reverse|list ~ range(3)|reverse|list ~ (ls|map('upper'))|reverse
s|list ~ d|list ~ (1, 2)|list
i|list
[1, 2, 3, 4, 5]|batch(2)|list ~ [1, 2, 3]|batch(2, 'x')|list
[1, 2, 3, 4, 5]|slice(3)|list ~ [1, 2, 3, 4]|slice(3, 'x')|list
missing|default('x') ~ e|default('x') ~ e|default('x', true) ~ n|default('x') ~ n|d('x', boolean=true) ~ missing|default
d.missing|default(none)
d.missing.x|default('y')
'3'|int ~ ' 42 '|int ~ '3.9'|int ~ 'x'|int ~ 'x'|int(5) ~ n|int ~ 3.9|int ~ -3.9|int ~ t|int ~ '0x1f'|int(0, 16) ~ '1_000'|int ~ '+5'|int ~ '-5'|int ~ l|int
'1e3'|int ~ 'inf'|int(1) ~ 'nan'|int(2) ~ ''|int(3) ~ '__1'|int(4) ~ '١٢'|int
'3.5'|float ~ 'x'|float ~ 'x'|float(1.5) ~ 3|float ~ n|float ~ '1_0.5'|float ~ (e ~ 'inf')|float ~ (e ~ '-Infinity')|float ~ (e ~ 'nan')|float ~ (e ~ '1e400')|float ~ '.5'|float ~ '5.'|float ~ '0x10'|float ~ '1f'|float
missing|int
2.5|round ~ 3.5|round ~ 2.675|round(2) ~ 7|round ~ 1234|round(-2) ~ 1.21|round(1, 'ceil') ~ 1.29|round(1, 'floor') ~ -0.4|round ~ 5|round(1)
x|round(method='x')
-5|abs ~ neg|abs ~ -2.5|abs ~ t|abs
s|abs
'%s and %d' % ('a', 3) ~ '%s' % 5 ~ '%5.2f|%-5s|%05d|%x|%X|%o|%e|%g|%%|%c|%r|%+d|% d|%i' % (3.14159, 'ab', 42, 255, 255, 8, 12345.678, 0.0001, 'z', 'q', 5, 5, 7.9)
'%(a)s-%(b)05.1f' % {'a': 1, 'b': 2.25}
'%s' % [1, 2]
'%s' % (1, 2)
'%s %s' % 1
'%d' % 'a'
'%d' % n
'%.3s|%10s|%-10s|' % ('abcdef', 'r', 'l')
'%*d|%.*f' % (5, 3, 2, 1.23456)
'%s' % missing
'%d' % missing
'%y' % 1
'%' % 1
'%s'|format('x') ~ '%s-%s'|format(1, 2) ~ '%(a)s'|format(a=1)
'%g %g %g %g %g %G' % (100000, 1000000, 1e-5, 1.5, 0, 1e-10)
'%.0f %.0f %.0f %.1f %.10f' % (0.5, 1.5, 2.5, 0.25, 0.1)
'%#x %#o' % (255, 8)
'{} {}'.format(1, 'a') ~ '{1} {0}'.format(1, 2) ~ '{a}{b}'.format(a=1, b=none) ~ '{{}}'.format() ~ '{0!r} {0!s}'.format('q')
'{:5}|{:<5}|{:>5}|{:^5}|{:*^7}|{:05}|{:+}|{: }|{:,}|{:_}'.format(1, 2, 3, 4, 5, 6, 7, 8, 1234567, 1234567)
'{:5}|{:<5}|{:>5}|{:^6}|{:.2}|{:-<8.3}|'.format('a', 'b', 'c', 'd', 'efg', 'hijkl')
'{:.2f}|{:8.3f}|{:<8.1f}|{:e}|{:.3e}|{:g}|{:%}|{:.1%}|{:,.2f}|{:+.1f}|{:08.2f}'.format(3.14159, 2.5, 1.25, 12345.678, 0.00012, 0.1, 0.256, 0.256, 1234567.891, 2.0, -3.14159)
'{:x}|{:X}|{:o}|{:b}|{:#x}|{:#b}|{:c}|{:d}|{:n}|{:08b}'.format(255, 255, 8, 5, 255, 5, 65, 7, 7, 5)
'{:.3}|{:10}|{:.1}|{:.17}|{}'.format(1234.5678, 1.5, 0.05, 0.1, 1e100)
'{:}|{:>{}}|{:{w}.{p}}'.format('x', 'y', 5, 'zzz', w=6, p=2)
'{0.name} {0[age]} {1[0]}'.format(users[0], l)
'{0.__class__}'.format(1)
'{a.b}'.format(a={'b': 5})
'{}'.format()
'{0} {}'.format(1, 2)
'{x}'.format(y=1)
'{'.format()
'}'.format()
'{:d}'.format('a')
'{:d}'.format(1.5)
'{:s}'.format(1)
'{:5}'.format(none)
'{:5}'.format(true)
'{:d}'.format(true)
'{:>5}'.format(missing)
'{!x}'.format(1)
'{:.2}'.format(5)
'{:5}'.format([1])
'{}{}'.format(missing, n)
'{:=5}'.format('a')
'{:05}'.format('a')
d|tojson
d|tojson(indent=2)
d|tojson(indent=4, sort_keys=true)
[]|tojson(indent=2) ~ {}|tojson(2) ~ [{}]|tojson(indent=1)
[1, [2]]|tojson(indent='>')
d|tojson(separators=(',', ':'))
d|tojson(indent=1, separators=(', ', '='))
u|tojson ~ u|tojson(ensure_ascii=true) ~ u|tojson(true)
html|tojson
'"\\/\n\r\t\b\f\x01\x1f\x7f\u2028'|tojson ~ '\x7f'|tojson(ensure_ascii=true)
[1.0, 1e100, 1e-7, 2.5, t, f, n, -0.0]|tojson
{1: 'a', none: 'b', true: 'c', 2.5: 'd'}|tojson
{(1, 2): 'a'}|tojson
{'b': 1, 'a': 2}|tojson(sort_keys=true)
{'b': 1, 2: 2}|tojson(sort_keys=true)
(1, 2)|tojson
missing|tojson
[missing]|tojson
d.items()|tojson
range(3)|tojson
1e400|tojson
'a'|tojson|safe
html|e ~ html|escape|escape ~ html|forceescape
html|safe
html|safe ~ '<i>'
html|safe + '<i>'
'<i>' + html|safe
(html|safe).upper() ~ (html|safe)|upper|length
(html|safe)|replace('b', 'c')
(html|safe).replace('b', '<c>')
(html|safe)[0:3] + '<'
(html|safe)|trim + '<'
[html|safe, '<i>']|join('<')
(html|safe).split('b')
(html|safe).join(['<', 'a'])
('a'|safe) * 3 + '<'
('a'|safe) == 'a'
{'a': 1}['a'|safe]
[('a'|safe)]
n|safe ~ i|safe
'<'|e + '<'
'a\nb\n\nc'|indent ~ '|' ~ 'a\nb'|indent(2, true) ~ '|' ~ 'a\n\nb'|indent(2, blank=true) ~ '|' ~ 'a\nb'|indent('> ') ~ '|' ~ 'a\nb\n'|indent(width=1, first=true)
''|indent ~ ''|indent(4, true) ~ '\n'|indent
n|indent
missing|indent
i|indent
'foo bar baz qux'|truncate(9) ~ 'foo bar baz qux'|truncate(9, true) ~ 'foo bar baz qux'|truncate(11) ~ 'foo bar baz qux'|truncate(9, false, '..', 0)
'one two  three-four'|wordcount
'ab'|center(7) ~ '|' ~ 'ab'.center(7, '*') ~ 'abc'.center(6) ~ '|' ~ 'ab'.ljust(4) ~ '|' ~ 'ab'.rjust(4, '0') ~ 'ab'.center(5, '*')
'5'.zfill(3) ~ '-5'.zfill(4) ~ '+5'.zfill(1)
'abc'.removeprefix('a') ~ 'abc'.removesuffix('c') ~ 'abc'.removeprefix('x')
'abc'.isalpha() ~ '12'.isdigit() ~ 'a1'.isalnum() ~ ' '.isspace() ~ ''.isspace() ~ 'aB'.islower() ~ 'AB'.isupper() ~ 'Ab Cd'.istitle() ~ '½'.isnumeric() ~ '²'.isdigit() ~ '²'.isdecimal() ~ 'é'.isascii() ~ 'a'.isprintable()
s.upper
s.nosuch()
s.upper(1)
s()
l()
n()
5()
d.b()
'a'.join
dict(a=1, b=2) ~ dict([('x', 1)]) ~ dict({'a': 1}, b=2) ~ dict()
dict(1)
dict([1])
namespace(a=1).a ~ namespace({'b': 2}).b
namespace(a=1)
namespace(a=1).b
namespace(a=1).b.c
namespace(a=1)['a']
namespace(_a=1)
namespace()._a
namespace().__class__
raise_exception('no: ' ~ s)
raise_exception(5)
raise_exception()
strftime_now('%Y-%m-%d')
strftime_now('%d %B %Y, %H:%M:%S %p %A %a %b %j %y %I %e %-d %-m %U %W %V %G %u %w %D %F %T %R %h %c %x %X %% %f')
'a' | upper | lower
s|upper|replace('L', 'x')|length
(s|upper)[0]
s|upper()
'abc'[1]|upper
-'3'|int
-3|string|length
i|string + 'x'
users[0].name ~ users[0]['name'] ~ users[-1].tags[1] ~ users.0.name
users|map(attribute='name')
d|attr('b')
s|attr('upper')
users[0].tags|length > 0 and users[0].name|length == 3
'a' in ['a', 'b'] and not ('c' in ['a'])
'x' not in d and 'b' in d
[1, 2, 3][1:] + [4]
{'a': {'b': [1, {'c': 'd'}]}}.a.b[1].c
{'a': 1,}
[1, 2,]
(1, 2,)
[[1, 2], [3]]|sum(start=[])
'a' ~ none ~ true ~ 1.0 ~ [1] ~ {'a': none}
1 if missing else 2
true and true or false
True ~ False ~ None
not true == false
1 == 1 in [1]
3 > 2 > 1 ~ 'x'
(3 > 2) ~ 'x'
i.real
'abc'.encode('utf-8')
lipsum
loop
self
'%s' % ('a',) ~ 'b'
s|random
'a' if 'b'
d|length and l|length
'\x'
'\u12'
'unclosed
a b
1 +
(1
[1
{1: 2
1 2
s|
s|nofilter
s|nofilter(1)
s is
x y z
@
a $ b
s.
s[
s[1
s.1a
f(a=1, 2)
f(*a, *b)
"""

TEMPLATES = [
    "",
    "\n",
    "a\n",
    "a\n\n",
    "a\r\nb\rc\n",
    "{{ 1 }}\n{{ 2 }}\n",
    "{% if true %}\nx\n{% endif %}\ny\n",
    "  {% if true %}  \n  x\n  {% endif %}  \n y",
    "a  {% if true %}b{% endif %}  c",
    "  {{ 1 }}  ",
    "  {%+ if true %}x{% endif %}",
    "  {%- if true -%}  x  {%- endif -%}  y",
    "a\n  {%- if true %}\n  x\n  {%- endif %}\n y",
    "{% if true +%}\nx{% endif +%}\ny",
    "a {#- comment -#} b",
    "a\n  {# comment #}\nb",
    "a {# comment #}\nb {# c +#}\nd",
    "{#\n multi\n#}x",
    "{# {{ no }} #}x",
    "{# open",
    "{#-#}x {#+#} y",
    "{% raw %}{{ x }}{% if %}{% endraw %}",
    "  {% raw %}\n x {% endraw %}\n y",
    "a {%- raw -%}  {{ x }}  {%- endraw -%}  b",
    "{% raw %} open",
    "{{- 1 -}}  x",
    "x  {{- 1 }}",
    "{{+ 1 }}",
    "{{-1}} {{ - 1 }}",
    "{{ '}}' }} {{ {'a': {'b': 1}}['a']['b'] }}",
    "{{ {'a': 1} }}}",
    "{ { } } { % # }",
    "{{ 1 }",
    "{% if true %}",
    "{% endif %}",
    "{% if true %}{% endfor %}",
    "{% for x in l %}{% endif %}",
    "{% nosuch %}",
    "{% %}",
    "{{ }}",
    "{% if %}x{% endif %}",
    "{% if f %}a{% elif t %}b{% else %}c{% endif %}",
    "{% if f %}a{% elif n %}b{% else %}c{% endif %}",
    "{% if t: %}a{% endif %}",
    "{% for x in l %}{{ x }},{% endfor %}",
    "{% for x in l: %}{{ x }},{% endfor %}",
    "{% for x in [] %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in missing %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in n %}{{ x }}{% endfor %}",
    "{% for x in 5 %}{{ x }}{% endfor %}",
    "{% for c in u %}[{{ c }}]{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in d|dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for (k, v) in d.items() %}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}",
    "{% for a, b in [(1,)] %}{{ a }}{% endfor %}",
    "{% for a, b in [1] %}{{ a }}{% endfor %}",
    "{% for a, b in ['xy'] %}{{ a }}{{ b }}{% endfor %}",
    "{% for x in l if x > 1 %}{{ x }}:{{ loop.index }}/{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for x in l if x > 5 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}<{{ loop.nextitem }} {{ loop.previtem is defined }} {{ loop.nextitem is defined }};{% endfor %}",
    "{% for x in l %}{{ loop.previtem.x }}{% endfor %}",
    "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in l %}{{ loop }}{{ loop.nosuch }}{% endfor %}",
    "{% for x in l %}{{ loop.nosuch.y }}{% endfor %}",
    "{% for x in l %}{% for y in ls %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in l %}{% set outer = loop %}{% for y in ls %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for x in l %}{{ x }}{% endfor %}{{ x }}",
    "{% for x in l %}{% endfor %}{{ loop }}",
    "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% for y in ls %}{% break %}{% endfor %}{{ x }}{% endfor %}",
    "{% for x in l %}{% continue %}{% else %}empty{% endfor %}",
    "{% for x in l %}{% break %}{% else %}empty{% endfor %}",
    "{% break %}",
    "{% continue %}",
    "{% for x in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for loop in l %}{% endfor %}",
    "{% for x in users|selectattr('tags') %}{{ loop.index }}/{{ loop.length }}{{ loop.last }} {% endfor %}",
    "{% for item in [{'c': [{'c': []}]}] recursive %}({{ loop.depth }}{{ loop(item.c) }}){% endfor %}",
    "{% for x in l %}{{ loop(x) }}{% endfor %}",
    "{% for x in range(3) %}{{ x }}{% endfor %}",
    "{% for x in l, ls %}{{ x }}{% endfor %}",
    "{% for x in (1, 2) if t %}{{ x }}{% endfor %}",
    "{% for x in l if t else ls %}{{ x }}{% endfor %}",
    "{% set a = 1 %}{{ a }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a, b = 1 %}{{ a }}",
    "{% set a = 1, 2 %}{{ a }}",
    "{% set 1 = 2 %}",
    "{% set 'a' = 2 %}",
    "{% set true = 2 %}",
    "{% set a.b = 2 %}",
    "{% set d.b = 2 %}",
    "{% set d['b'] = 2 %}",
    "{% set ns = namespace(a=1) %}{% set ns.a = ns.a + 1 %}{{ ns.a }}{% set ns.c = 'x' %}{{ ns.c }}{{ ns }}",
    "{% set ns = namespace(a=[]) %}{% for x in l %}{% set ns.a = ns.a + [x] %}{% endfor %}{{ ns.a }}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}",
    "{% set x = 1 %}{% for y in l %}{% set x = y %}{{ x }}{% endfor %}{{ x }}",
    "{% for y in l %}{% if loop.first %}{% set q = 1 %}{% endif %}{{ q }}{% endfor %}",
    "{% for y in l %}{% if loop.first %}{% set s = 'in' %}{% endif %}{{ s }},{% endfor %}",
    "{% for y in l %}{% set s = 'in' %}{{ s }},{% endfor %}{{ s }}",
    "{% for y in l %}{{ s }}{% set s = 'in' %}{{ s }},{% endfor %}",
    "{% if f %}{% set s = 'x' %}{% endif %}{{ s }}",
    "{% if t %}{% set s = 'x' %}{% endif %}{{ s }}",
    "{% if s is defined %}{% set s = s ~ '!' %}{% endif %}{{ s }}",
    "{{ s }}{% set s = 'x' %}{{ s }}",
    "{% set s = s ~ '!' %}{{ s }}",
    "{% set s %}{{ s }}!{% endset %}{{ s }}",
    "{% set q %}{% set q = 1 %}{{ q }}{% endset %}{{ q }}",
    "{% if f %}{% set q = 1 %}{% elif t %}{% set q = 2 %}{% else %}{% set q = 3 %}{% endif %}{{ q }}",
    "{% if f %}{% set i = 1 %}{% elif f %}{% set i = 2 %}{% endif %}{{ i }}",
    "{% macro m() %}{% if f %}{% set i = 1 %}{% endif %}{{ i }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% set i = 1 %}{{ i }}{% endmacro %}{{ m() }}{{ i }}",
    "{% macro m() %}{{ late }}{% endmacro %}{{ m() }}{% set late = 1 %}{{ m() }}",
    "{% for y in l %}{% set z = y %}{% for k in [1] %}{{ z }}{% set z = 9 %}{{ z }}{% endfor %}{{ z }}{% endfor %}",
    "{% set block %}a{{ 1 }}b{% endset %}{{ block }}{{ block|length }}",
    "{% set block | upper | trim %} abc {% endset %}[{{ block }}]",
    "{% set ns = namespace() %}{% set ns.a %}text{% endset %}{{ ns.a }}",
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(1, c=5) }} {{ m(b=1, a=0) }} {{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m(a, a2=1, b) %}{% endmacro %}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(none) }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body{% endcall %}",
    "{% macro m() %}{{ caller(1, b=2) }}{% endmacro %}{% call(a, b, c=3) m() %}{{ a }}{{ b }}{{ c }}{% endcall %}",
    "{% macro m() %}{{ caller }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ i }}{{ s }}{% endmacro %}{{ m() }}{{ m }}{{ m.name }}{{ m.arguments }}",
    "{% macro fact(k) %}{% if k > 1 %}{{ k * fact(k - 1)|int }}{% else %}1{% endif %}{% endmacro %}{{ fact(10) }}",
    "{% macro m() %}<b>{% endmacro %}{{ m()|length }}{{ m() ~ '&' }}{{ m() is string }}",
    "{{ m() }}{% macro m() %}x{% endmacro %}",
    "{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}",
    "{% macro m(x) %}{% set x = x + 1 %}{{ x }}{% endmacro %}{{ m(1) }}",
    "{% macro m(loop) %}{{ loop }}{% endmacro %}{{ m(1) }}",
    "{% for x in l %}{% call m() %}{% endcall %}{% endfor %}",
    "{% call 5 %}{% endcall %}",
    "{% filter upper %}abc {{ s }}{% endfilter %}",
    "{% filter replace('a', 'b')|upper %}aaa{% endfilter %}",
    "{% filter nofilter %}x{% endfilter %}",
    "{% filter upper %}{% set s = 'x' %}{{ s }}{% endfilter %}{{ s }}",
    "{% with %}{% set s = 1 %}{{ s }}{% endwith %}{{ s }}",
    "{% with s = 1, k = s %}{{ s }}{{ k }}{% endwith %}{{ k }}",
    "{% with a = 1 %}{% with a = a + 1 %}{{ a }}{% endwith %}{{ a }}{% endwith %}",
    "{% print 1, 's' %}",
    "{% generation %}x{{ s }}{% endgeneration %}y",
    "{% generation %}{% set s = 'in' %}{{ s }}{% endgeneration %}{{ s }}",
    "a\n  {% generation %}\nx\n  {% endgeneration %}\ny",
    "{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% if f %}{{ s|nofilter }}{% endif %}ok",
    "{% if t %}{{ s|nofilter }}{% endif %}ok",
    "{{ s|nofilter if f else 'ok' }}",
    "{% if f %}{% for x in l %}{{ s|nofilter }}{% endfor %}{% endif %}ok",
    "{% if f %}{{ s is nosuchtest }}{% endif %}ok",
    "{{ 'a' if f else ('b' if t else s|nofilter) }}",
    "{% if s is string and s|length > 3 -%}\n  long\n{%- else -%}\n short\n{%- endif %}",
    "{%- for m in users -%}\n{{- m.name -}}\n{%- if not loop.last %}, {% endif -%}\n{%- endfor -%}",
    "{% for m in users %}\n    {{ m.name }}\n    {% if m.tags %}\n        {{ m.tags|join(',') }}\n    {% endif %}\n{% endfor %}",
    "{{ 'a\\nb' }}{{ \"c\\td\" }}{{ 'multi\nline' }}",
    "{{ 1 }}{{ 2 }}\t\n{{ 3 }}\n\n\n",
    "{{ d.a[2] }}{{ d['a'][0] }}{{ d.a[-1] is none }}",
    "{% set content = users[0].name %}{% set content = content|upper %}{{ content }}",
    "{{ users[0]|tojson(indent=2)|indent(2) }}",
    "{% for u2 in users %}{% set found = u2.address.city %}{{ found }}{% endfor %}",
    "{% set x %}{% endset %}{{ x is defined }}{{ x|length }}",
    "{{ (1, 2)|tojson }}{{ ('a', n) }}",
    "{% set l2 = l %}{{ l2.pop() }}",
    "{% set messages = users[1:] %}{{ messages|length }}{{ messages[0].name }}",
    "{% if users[0]['role'] == 'system' %}a{% else %}b{% endif %}",
    "{% if users[0].tags[0] is defined and users[1].tags[0] is not defined %}ok{% endif %}",
    "{% if (users[0].age % 2 == 0) != (i % 2 == 0) %}x{% endif %}",
    "{{ [1, 2, 3] | map('int') | select('odd') | map('string') | join('+') }}",
    "{% set ns = namespace(x=namespace(y=1)) %}{% set ns.x.y = 2 %}",
    "{%- set ns = namespace(found=false) -%}{%- for u2 in users if u2.age == 22 -%}{%- set ns.found = true -%}{%- endfor -%}{{ ns.found }}",
    "{% for x in l %}{% set ns = namespace(a=x) %}{{ ns.a }}{% endfor %}{{ ns }}",
    "{% import 'x' as y %}",
    "{{ strftime_now }}",
    "{% if not (n is defined and n is not none) %}a{% endif %}",
    "{{ 'x' * 3 ~ 'y' * 2 }}",
    "{% set gen = users|map(attribute='name') %}{{ gen|list }}{{ gen|list }}",
    "{% set gen = users|selectattr('tags') %}{% for g in gen %}{{ g.name }}{% endfor %}{{ gen|first is defined }}",
    "{{ not n }} {{ not 1 }} {{ not '' }} {{ not [] }} {{ not {} }} {{ not 0.0 }} {{ not missing }} {{ not range(0) }}",
    "{{ 1.0 == 1 }} {{ '1' == 1 }} {{ [1, [2]] == [1, [2]] }} {{ {'a': [1]} == {'a': [1]} }} {{ n == n }}",
]


# constructs that are refused by name (UNSUPPORTED) here, or whose text holds an address in memory
REFUSED = {
    "items_key.items", "items_key.keys", "d.items", "l.sort", "s.upper", "s|attr('upper')", "'a'.join", "lipsum", "self", "i.real", "s|random",
    "'abc'.encode('utf-8')", "users|map(attribute='name')", "{% import 'x' as y %}", "{{ strftime_now }}",
    "{{ items_key.keys }}",
}

SNIPPETS = [
    "{{ " + line + " }}" for line in EXPRESSIONS.strip("\n").replace("\\\nx'", "\\\0x'").split("\n") if line not in REFUSED
] + [template for template in TEMPLATES if template not in REFUSED]
SNIPPETS = [snippet.replace("\0", "\n") for snippet in SNIPPETS]

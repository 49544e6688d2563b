"""Writes expressions.jsonl: expressions, and what CPython makes of them.

    python3 tests/golden/generate_expressions.py > tests/golden/expressions.jsonl

One JSON object a line:
    {"text": ..., "steps": [...], "bits": [...], "exact": true}   values as the 16 hex digits of a float64
    {"text": ..., "refused": true}                                Python calls it a syntax error

The core computes in float64 throughout, so every expression is evaluated twice: as it stands, and with every
literal, condition and rounded value made a float. The second gives the bits. A step is dropped where Python
raises, where the value is complex, or where the two differ by more than the sign of a zero (integers beyond
2**53 are exact only in Python). NumPy's names stand for Python's own functions: what they compute is the same,
and the file does not depend on which instructions NumPy was built for.
"""

import ast
import json
import math
import random
import struct
import sys
from types import SimpleNamespace

STEPS = [0, 1, 2, 3, 5, 7, 10, 29, 30, 59, 100, 1000, 65537, 4294967295]

# The functions whose last bit depends on the library. `exact` is false where one of them stands in the text.
INEXACT = ("**", "pow", "power", "exp", "log", "sin", "cos")

# Two libraries that are each within 1 ULP of the true value differ by at most 2 ULP, or 4.5e-16 relative. The
# suite allows 1e-15 at the end of an expression, so that expressions are kept only where shifts of 2 ULP in
# every combination of its inexact values stay within that.
TOLERANCE = 1e-15
SHIFT_ULP = 2

HAND_WRITTEN = """
lambda epoch: 0.95 ** epoch
lambda e: 0.1 if e < 30 else 0.01 if e < 60 else 0.001
lambda e: e / 10 if e < 10 else 0.95 ** (e - 10)
lambda step: min(1.0, (step + 1) / 100)
lambda epoch: 1 / (1 + 0.1 * epoch)
lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / 1000))
lambda epoch: np.power(0.9, epoch // 10)
lambda epoch: 1.0 if epoch < 10 else math.exp(0.1 * (10 - epoch))
lambda e:max(0,1-e/1000)
lambda _x1 : _x1 + 1
0.1**(step//30)
0.5 ** (step % 7)
512 ** -0.5 * min((step + 1) ** -0.5, (step + 1) * 4000 ** -1.5)
-2 ** 2
-2 ** -2
2 ** -1
2 ** 3 ** 2
(2 ** 3) ** 2
2 ** -3 ** 2
-2 ** 2 ** -1
+2 ** + 2
- - 2 - - 2
-+-+2
1 - 2 - 3
1 - (2 - 3)
2 / 3 / 5
2 // 3 * 5
2 * 5 // 3
-7 // 2
7 // -2
-7 % 3
7 % -3
-6 % 3
6 % -3
-7.5 % 2
7.5 % -2.5
-7.5 // 2
0.3 // 0.1
1 // 0.1
1 % 0.1
6.6 // 1.1
-1e-20 % 3
1e-20 // -3
-step // 7
-step % 7
step % -7
step // -7
step // 0.1
step % 0.1
step % 1e999
-step % 1e999
step // 1e999
-step // 1e999
step % -1e999
1e999 // 3
1e999 % 3
-1e999 // 3
5 % 1e308
1e308 % 3
1e308 // 1e292
0.0 // -3
-0.0 // 3
-0.0 % 3
0.0 % -3
-0.0 + 0.0
-0.0
0.0 * -1.5
1e999 - 1e999
1e999
-1e999
1e-400
4.9e-324
2.2250738585072014e-308
1.7976931348623157e308
9007199254740993.0
0.1 + 0.2
123456789012345678.0
3.141592653589793238462643383279502884197
0 or 5
3 and 4
0 and 4
0.0 or 0.0
0 or 0 and 1
1 or 0 and 0
not 1 == 2
not not 3
not 0 and 1
not (0 and 1)
not 0 or 1
not step
step and 1 / step
step or -1
1 < 2 < 3
3 > 2 > 1
3 > 2 == 1
3 > (2 == 1)
(3 > 2) == 1
1 < step < 30
0 <= step - 30 < 30 <= step
1 == 1 != 2 < 3 <= 3 > 1 >= 1
step < 10 > 5
5 < step != 30 <= 59
(1 < step) + (step < 30) * 2
0.1 < 0.2 < 0.1 + 0.2
1e999 - 1e999 < 1
1e999 - 1e999 != 1e999 - 1e999
(1e999 - 1e999) == (1e999 - 1e999)
1 if 1e999 - 1e999 else 2
not (1e999 - 1e999)
max(1e999 - 1e999, 1)
max(1, 1e999 - 1e999)
min(1, 1e999 - 1e999, 0)
min(1e999 - 1e999, 0)
max(0.0, -0.0)
max(-0.0, 0.0)
min(0.0, -0.0)
min(-0.0, 0.0)
max(step, 30, 59)
min(30, step, 29, 59)
max(1, 2,)
True + True
False or True
True if step else False
1 if step else 2
1 if not step else 2
1 if 0 else 2 if 0 else 3
1 if 1 else 2 if 0 else 3
(1 if 1 else 2) if 0 else 3
1 if (0 if 1 else 1) else 2
1 if (step if step < 7 else 0) else 2 + 3
1 + 2 if step > 3 else 4 + 5
1 + (2 if step > 3 else 4) + 5
-1 if step % 2 else 1
not 1 if step else 7
1 or 2 if 0 else 3
1 if 0 else 2 or 3
max(1 if step else 2, 3 if step > 5 else 4)
(1 if step < 3 else 2 if step < 30 else (3 if step < 59 else 4 if step % 2 else 5)) * (6 if step % 3 else 7)
1 if (2 if (3 if step < 5 else 0) else 0) else (4 if step > 29 else 5)
1 / step if step else 0
floor(step / 7)
math.floor(-step / 7)
ceil(step / 7)
np.ceil(step / 7) - np.floor(step / 7)
int(step / 7) + int(-step / 7)
int(-0.5)
ceil(-0.5)
floor(-0.0)
int(-0.5) * -1.5
float(step) / float(3)
abs(30 - step)
math.fabs(30 - step) - np.fabs(step) + np.abs(-1)
sqrt(step)
math.sqrt(step) * np.sqrt(2) + numpy.sqrt(3)
np.minimum(step, 30) + np.maximum(step, 7) + numpy.minimum(1, 2)
pi * math.pi - np.pi / numpy.pi
math.e + np.e
exp(-step / 100)
exp(1)
exp(-1000)
log(step + 1)
log(step + 1, 2)
math.log(8, 2)
log(1e308, 10)
np.log(step + 2)
sin(step)
cos(step)
sin(step * pi / 60)
0.5 * (1 + cos(pi * (step % 60) / 60))
pow(2, step % 11)
pow(0.99, step)
math.pow(step, 0.75)
step ** 0.5
step ** 2
step ** 3
step ** 0
0 ** 0
0 ** step
1 ** 1e999
(-2) ** 3
(-2) ** -3
(-0.0) ** 3
1e200 ** -2
0.999999 ** step
0.1 ** (step >= 30) * 0.1 ** (step >= 60)
1_000 + 1_0.0_1e1_0
.5 + 5. + 1E-3 + 1e+3 + 5.e1 + 00 + 00.5 + 0_0 + 01e1
((((((((step))))))))
(
  step
  + 1
)
max(
    1,\tstep
)
"""

REFUSED = """
1 +
1 + * 2
(1 + 2
1 + 2)
()+
1 2
2 step
1 if 2
1 else 2
1 if 2 else
1 if 2 if 3 else 4 else 5
1 if else 2
if 1 else 2
1 + not 2
1 == not 2
- not 1
2 ** not 1
not
and 1
1 and
1 or or 2
1 not 2
1 < > 2
1 <> 2
1 =< 2
1 = 2
1 ! 2
1 && 2
1__0
1_
012
1.2.3
1e
1_.5
1._5
1e_5
0.5.
2 ** ** 3
2 * * 3
2 / / 3
2 < = 3
max(1 2)
max(,1)
max(1,,2)
lambda 1: 2
lambda if: 2
lambda e, : e $
lambda e
1 +
lambda e: lambda
$
1 ? 2 : 3
step:
: 1
"""

NUMBERS = ["0", "1", "2", "3", "7", "10", "30", "0.5", "0.1", "1e-3", "2.5", "1_000", ".25", "3.", "1e999", "True", "False"]
ARITHMETIC = ["+", "-", "*", "/", "//", "%"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]


def generate(rng, depth, inexact):
    """A random expression; parentheses stand only where chance puts them, so that precedence is at work."""
    if depth == 0 or rng.random() < 0.12:
        return "step" if rng.random() < 0.45 else rng.choice(NUMBERS)

    def part():
        return generate(rng, depth - 1, inexact)

    kind = rng.randrange(15 if inexact else 13)
    if kind < 4:
        return f"{part()} {rng.choice(ARITHMETIC)} {part()}"
    if kind == 4:
        return f"{rng.choice('-+')}{part()}"
    if kind == 5:
        return f"not {part()}"
    if kind == 6:
        return f"{part()} {rng.choice(['and', 'or'])} {part()}"
    if kind == 7:
        return " ".join([part()] + [w for _ in range(rng.randint(1, 3)) for w in (rng.choice(COMPARISONS), part())])
    if kind == 8:
        return f"{part()} if {part()} else {part()}"
    if kind in (9, 10):
        return f"({part()})"
    if kind == 11:
        return f"{rng.choice(['min', 'max'])}({', '.join(part() for _ in range(rng.randint(2, 3)))})"
    if kind == 12:
        return f"{rng.choice(['abs', 'floor', 'math.ceil', 'sqrt', 'int', 'np.fabs', 'float'])}({part()})"
    if kind == 13:
        return f"{part()} ** {part()}"
    return f"{rng.choice(['exp', 'math.log', 'np.sin', 'cos'])}({part()})"


def mutate(rng, text):
    """Takes out, doubles or swaps a word of a text whose words are kept apart by spaces."""
    for symbol in "(),":
        text = text.replace(symbol, f" {symbol} ")
    words = text.split()
    i = rng.randrange(len(words))
    match rng.randrange(4):
        case 0:
            del words[i]
        case 1:
            words.insert(i, words[i])
        case 2:
            j = rng.randrange(len(words))
            words[i], words[j] = words[j], words[i]
        case 3:
            words.insert(i, rng.choice(["(", ")", ",", "if", "else", "not", "and", "+", "-", "**", "<", "step", "2"]))
    return " ".join(words)


class Outside(Exception):
    """Python, but not of the language."""


class Floats(ast.NodeTransformer):
    """Makes a float of everything that Python would keep as an int or a bool, and checks names and arguments."""

    ARITY = {"min": (2, 255), "max": (2, 255), "log": (1, 2), "pow": (2, 2), "power": (2, 2), "minimum": (2, 2), "maximum": (2, 2)}
    NODES = (
        ast.Expression, ast.Lambda, ast.arguments, ast.arg, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp,
        ast.Call, ast.Name, ast.Load, ast.Attribute, ast.Constant, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv,
        ast.Mod, ast.Pow, ast.USub, ast.UAdd, ast.Not, ast.And, ast.Or, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
    )

    # Whether a name is called or used as a number, Python tells only where it gets to run it; the language always.
    FUNCTIONS = {"min", "max", "abs", "floor", "ceil", "sqrt", "exp", "log", "sin", "cos", "pow", "float", "int"}

    def visit_Name(self, node):
        if node.id in self.FUNCTIONS:
            raise Outside(node)
        return node

    def visit_Call(self, node):
        plain = isinstance(node.func, ast.Name)
        name = node.func.id if plain else getattr(node.func, "attr", None)
        least, most = self.ARITY.get(name, (1, 1))
        if name is None or (plain and name not in self.FUNCTIONS) or node.keywords or not least <= len(node.args) <= most:
            raise Outside(node)
        node.args = [self.visit(argument) for argument in node.args]
        return ast.Call(ast.Name("float", ast.Load()), [node], [])

    def generic_visit(self, node):
        if not isinstance(node, self.NODES):
            raise Outside(node)
        node = super().generic_visit(node)
        if isinstance(node, ast.Constant):
            return ast.Constant(float(node.value))
        if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return ast.Call(ast.Name("float", ast.Load()), [node], [])
        return node


def names(shift):
    """The names an expression sees, with every inexact result moved by `shift()` ULP."""

    def moved(function):
        def call(*arguments):
            value = function(*arguments)
            if isinstance(value, complex):
                raise ValueError("complex")
            # Zeros and whole powers of whole numbers come out exact everywhere.
            whole = function in (pow, math.pow) and all(float(a).is_integer() for a in arguments)
            if value == 0 or (whole and abs(value) <= 2**53 and float(value).is_integer()):
                return value
            ulps = shift()
            for _ in range(abs(ulps)):
                value = math.nextafter(value, math.copysign(math.inf, ulps))
            return value

        return call

    math_names = {n: getattr(math, n) for n in ("floor", "ceil", "sqrt", "fabs", "pi", "e")}
    math_names |= {n: moved(getattr(math, n)) for n in ("exp", "sin", "cos", "pow")}
    # As CPython does: one logarithm divided by the other.
    log = moved(math.log)
    numpy_names = dict(math_names, abs=abs, log=log, power=moved(pow))
    numpy_names |= {"minimum": lambda a, b: a if a != a else b if b != b else min(a, b)}
    numpy_names |= {"maximum": lambda a, b: a if a != a else b if b != b else max(a, b)}
    math_names["log"] = lambda x, *base: log(x) / log(*base) if base else log(x)
    bare = {n: math_names[n] for n in ("floor", "ceil", "sqrt", "exp", "log", "sin", "cos", "pi")}
    bare |= {"pow": moved(pow), "min": min, "max": max, "abs": abs, "float": float, "int": int}
    numpy = SimpleNamespace(**numpy_names)
    return bare | {"math": SimpleNamespace(**math_names), "np": numpy, "numpy": numpy, "power_": moved(pow)}


class Powers(ast.NodeTransformer):
    """Turns `**` into a call, so that its result can be moved."""

    def visit_BinOp(self, node):
        node = self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return ast.Call(ast.Name("power_", ast.Load()), [node.left, node.right], [])
        return node


def evaluate(tree, step, shift=lambda: 0):
    tree = ast.fix_missing_locations(tree)
    value = eval(compile(tree, "<expression>", "eval"), names(shift) | {"__builtins__": {}, "step": step, "epoch": step})
    if callable(value):
        value = value(step)
    if isinstance(value, complex):
        raise ValueError("complex")
    return float(value)


def close(a, b):
    return a == b or (a != a and b != b) or abs(a - b) <= TOLERANCE * abs(b)


def well_conditioned(text, step, value):
    """Whether the value stays within the tolerance when every inexact result is off by two ULP either way."""
    tree = Powers().visit(Floats().visit(ast.parse(text, mode="eval")))
    calls = 0

    def count():
        nonlocal calls
        calls += 1
        return 0

    evaluate(tree, step, count)
    if calls > 4:
        return False
    for signs in range(2**calls):
        places = iter(range(calls))
        try:
            shifted = evaluate(tree, step, lambda: SHIFT_ULP if signs >> next(places, 0) & 1 else -SHIFT_ULP)
        except (ArithmeticError, ValueError):
            return False
        if not close(shifted, value):
            return False
    return True


def case(text):
    """The line for a text, or none where Python and the language cannot be compared."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return {"text": text, "refused": True}
    try:
        floats = Floats().visit(ast.parse(text, mode="eval"))
    except Outside:
        return None
    exact = not any(word in text for word in INEXACT)
    steps, bits = [], []
    for step in STEPS:
        try:
            value = evaluate(floats, float(step))
            # Only after the floats have not overflowed: Python's integers would fill the memory.
            if not close(evaluate(tree, float(step)), value):
                continue
            if not exact and not well_conditioned(text, float(step), value):
                continue
        except (ArithmeticError, ValueError):
            continue
        except (TypeError, NameError, AttributeError):
            return None
        steps.append(step)
        bits.append(struct.pack(">d", value).hex())
    if not steps:
        return None
    if len(set(bits)) == 1:
        steps, bits = steps[:2], bits[:2]
    return {"text": text, "steps": steps, "bits": bits, "exact": exact}


def fits(text):
    """Whether the default capacities surely hold it: the words are more than the bytes of code, save for conditionals."""
    tree = list(ast.walk(ast.parse(text, mode="eval")))
    return len({n.value for n in tree if isinstance(n, ast.Constant)}) <= 12 and len(text) < 110


def main():
    # Texts of several lines stand in parentheses and are joined until these close.
    texts, open_text = [], ""
    for line in HAND_WRITTEN.strip("\n").split("\n"):
        open_text += ("\n" if open_text else "") + line
        if open_text.count("(") == open_text.count(")"):
            texts.append(open_text)
            open_text = ""
    lines = [case(text) for text in texts]
    missing = [text for text, line in zip(texts, lines) if line is None or "refused" in line]
    if missing:
        sys.exit(f"hand-written expressions that Python does not evaluate: {missing}")

    refused = [case(text) for text in REFUSED.strip("\n").split("\n")]
    lines += [line for line in refused if line and "refused" in line]

    rng = random.Random(7)
    seen = {line["text"] for line in lines}
    wanted = {"exact": 260, "inexact": 90, "mutated": 120, "refused": 120}
    while any(wanted.values()):
        inexact = rng.random() < 0.4
        text = generate(rng, rng.randint(2, 4), inexact)
        mutated = rng.random() < 0.5
        if mutated:
            text = mutate(rng, text)
        if text in seen or len(text) > 110:
            continue
        line = case(text)
        if line is None:
            continue
        if "refused" in line:
            sort = "refused"
        elif not fits(text) or "step" not in text:
            continue
        else:
            sort = "mutated" if mutated else "exact" if line["exact"] else "inexact"
        if wanted[sort] == 0:
            continue
        wanted[sort] -= 1
        seen.add(text)
        lines.append(line)
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()

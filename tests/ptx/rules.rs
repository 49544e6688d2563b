//! What a text must be for its bits to be the core's, whichever card and driver compile it.

use super::text::{Instruction, Module};

/// What the compiler writes for sm_75; every driver that knows such a card reads it, and compiles it for every card since.
const HEAD: [(&str, &str); 3] = [
    (".version", "6.3"),
    (".target", "sm_75"),
    (".address_size", "64"),
];

/// Rounded by definition, and by the letters `.rn` never contracted by whoever compiles the text.
const ROUNDED: [&str; 9] = [
    "add", "sub", "mul", "div", "fma", "mad", "sqrt", "rcp", "cvt",
];

/// Exact: comparisons, choices, signs, and moves.
const EXACT: [&str; 14] = [
    "setp", "set", "selp", "slct", "testp", "min", "max", "abs", "neg", "copysign", "mov", "ld",
    "st", "shfl",
];

const ROUNDINGS: [&str; 8] = ["rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi"];

/// Everything in `module` that is against the rules.
pub fn broken(module: &Module) -> Vec<String> {
    let mut broken = Vec::new();
    for (word, expected) in HEAD {
        let found = module.head.get(word).map(String::as_str);
        if found != Some(expected) {
            broken.push(format!("{word} is {found:?}, not {expected}"));
        }
    }
    // Shared memory is as much as a launch asks for: its size alone comes from elsewhere.
    let foreign = module.declarations.iter().filter(|declaration| {
        declaration.contains(".extern") && !declaration.contains(".extern .shared")
    });
    for declaration in foreign {
        broken.push(format!("`{declaration}` is defined elsewhere"));
    }
    let reached: Vec<_> = module
        .entries()
        .map(|entry| (entry, module.reached_from(entry)))
        .collect();
    for (name, function) in &module.functions {
        if name.contains("panic") {
            broken.push(format!("{name}: a way to a panic"));
        }
        let entries = reached
            .iter()
            .filter(|(_, names)| names.contains(name.as_str()));
        let mut entries = entries.map(|(entry, _)| entry).peekable();
        let is_fused = entries.peek().is_some() && entries.all(|entry| entry.contains("fused"));
        for instruction in &function.instructions {
            let refused = refused(instruction, is_fused).or_else(|| unknown(instruction, module));
            if let Some(why) = refused {
                let Instruction { opcode, operands } = instruction;
                broken.push(format!("{name}: `{opcode} {operands}`: {why}"));
            }
        }
    }
    broken
}

/// Why a call goes nowhere.
fn unknown(instruction: &Instruction, module: &Module) -> Option<&'static str> {
    if instruction.opcode == ".callprototype" {
        return Some("a call of what is known at run time alone");
    }
    let target = instruction.call_target()?;
    (!module.functions.contains_key(target)).then_some("a call of what has no body here")
}

/// Why an instruction may not stand there, by itself.
fn refused(instruction: &Instruction, is_fused: bool) -> Option<&'static str> {
    let base = instruction.base();
    let has = |word| instruction.modifiers().any(|modifier| modifier == word);
    if base == "trap" {
        return Some("a way to a panic");
    }
    if has("ftz") {
        return Some("it loses subnormals");
    }
    if has("approx") || has("full") {
        return Some("it is approximate");
    }
    if !instruction.modifiers().any(is_float) {
        return None;
    }
    match base {
        "fma" | "mad" if !is_fused => Some("it is fused, and its entry is not called so"),
        "cvt" => unrounded(instruction),
        _ if EXACT.contains(&base) => None,
        _ if !ROUNDED.contains(&base) => Some("its bits are not known to be the core's"),
        _ if !has("rn") => Some("it does not say how it rounds"),
        _ => None,
    }
}

/// Why a conversion is not Rust's.
fn unrounded(instruction: &Instruction) -> Option<&'static str> {
    let words: Vec<_> = instruction.modifiers().collect();
    let [how @ .., to, from] = words.as_slice() else {
        return Some("a conversion of one type");
    };
    let how = how.iter().copied().find(|word| ROUNDINGS.contains(word));
    let is_right = match (is_float(to), is_float(from)) {
        // To a whole number of the same type, exactly.
        (true, true) if to == from => how.is_some_and(|how| how.ends_with('i')),
        (true, true) if bits(to) > bits(from) => how.is_none(),
        (true, _) => how == Some("rn"),
        (false, _) => how == Some("rzi"),
    };
    (!is_right).then_some("a conversion that is not Rust's")
}

fn is_float(word: &str) -> bool {
    let digits = word.trim_start_matches(['b', 't']).strip_prefix('f');
    digits.is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()))
}

fn bits(float: &str) -> u32 {
    let digits: String = float.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// A module with an entry of this name and body, and a function beside it.
fn example(entry: &str, body: &str) -> Module {
    Module::parse(&format!(
        "// Made for a test.
.version 6.3
.target sm_75
.address_size 64
.pragma \"nounroll\";
.func (.param .b64 func_retval0) defined
(
	.param .b64 defined_param_0
)
;
.global .align 1 .b8 table[3] = {{1, 2, 3}};
.visible .entry {entry}(
	.param .u64 {entry}_param_0
)
{{
	.reg .b32 	%f<4>;
{body}
	ret;
}}
.func (.param .b64 func_retval0) defined(
	.param .b64 defined_param_0
)
{{
	ret;
}}
"
    ))
}

pub fn texts_are_taken_apart() {
    let module = example(
        "plain",
        "$L__BB0_1: @!%p1 bra $L__BB0_1;
	ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd1]; // four
	L_brx_0: .branchtargets $L__BB0_1, $L__BB0_2;
	{ // callseq 0, 0
	.param .b64 param0;
	call.uni (retval0), defined, (param0);
	}
	mov.b64 {_, %r1}, %rd2;",
    );
    let opcodes: Vec<_> = module.functions["plain"]
        .instructions
        .iter()
        .map(|instruction| instruction.opcode.as_str())
        .collect();
    let expected = [
        ".reg",
        "bra",
        "ld.global.v4.b32",
        ".branchtargets",
        ".param",
        "call.uni",
        "mov.b64",
        "ret",
    ];
    assert_eq!(opcodes, expected);
    assert_eq!(module.reached_from("plain").len(), 2);
    assert_eq!(module.entries().collect::<Vec<_>>(), ["plain"]);
    assert_eq!(module.functions.len(), 2);
    assert_eq!(broken(&module), [""; 0]);
}

pub fn what_is_right_is_taken() {
    for body in [
        "add.rn.f32 %f1, %f2, %f3;",
        "@%p1 div.rn.f64 %fd1, %fd2, %fd3;",
        "mad.lo.s32 %r1, %r2, %r3, %r4;",
        "cvt.rn.f32.f64 %f1, %fd1;",
        "cvt.f64.f32 %fd1, %f1;",
        "cvt.rmi.f64.f64 %fd1, %fd2;",
        "cvt.rzi.s32.f64 %r1, %fd1;",
        "cvt.rn.f64.u32 %fd1, %r1;",
        "cvt.u64.u32 %rd1, %r1;",
        "setp.lt.f64 %p1, %fd1, %fd2;",
        "call.uni (retval0), defined, (param0);",
        "call.uni defined, ();",
    ] {
        assert_eq!(broken(&example("plain", body)), [""; 0], "{body}");
    }
    let fused = example("update_fused_plain", "fma.rn.f32 %f1, %f2, %f3, %f1;");
    assert_eq!(broken(&fused), [""; 0]);
}

pub fn what_is_wrong_is_found() {
    for body in [
        "add.f32 %f1, %f2, %f3;",
        "@%p1 mul.f64 %fd1, %fd2, %fd3;",
        "sub.rz.f32 %f1, %f2, %f3;",
        "mul.rn.ftz.f32 %f1, %f2, %f3;",
        "setp.lt.ftz.f32 %p1, %f1, %f2;",
        "fma.rn.f32 %f1, %f2, %f3, %f1;",
        "$L__BB0_2: mad.rn.f64 %fd1, %fd2, %fd3, %fd1;",
        "div.approx.f32 %f1, %f2, %f3;",
        "div.full.f32 %f1, %f2, %f3;",
        "sqrt.approx.f32 %f1, %f2;",
        "sqrt.f64 %fd1, %fd2;",
        "rcp.approx.ftz.f64 %fd1, %fd2;",
        "ex2.approx.f32 %f1, %f2;",
        "rsqrt.f64 %fd1, %fd2;",
        "tanh.f32 %f1, %f2;",
        "sin.f32 %f1, %f2;",
        "atom.global.add.f32 %f1, [%rd1], %f2;",
        "add.f16x2 %r1, %r2, %r3;",
        "add.rn.bf16x2.sat %r1, %r2, %r3; ex2.bf16 %h1, %h2;",
        "cvt.rz.f32.f64 %f1, %fd1;",
        "cvt.f32.f64 %f1, %fd1;",
        "cvt.rni.s32.f64 %r1, %fd1;",
        "cvt.rz.f64.u64 %fd1, %rd1;",
        "cvt.rn.f64.f64 %fd1, %fd2;",
        "call.uni (retval0), vprintf, (param0, param1);",
        "call.uni (retval0), %rd1, (param0), prototype_0;",
        "prototype_0: .callprototype (.param .b64 _) _ (.param .b64 _);",
        "trap;",
    ] {
        let found = broken(&example("plain", body));
        assert_eq!(found.len(), 1, "{body}: {found:?}");
    }
    for text in [
        ".extern .func (.param .b32 func_retval0) vprintf (.param .b64 a, .param .b64 b);",
        ".func _RNvNtCs1_4core9panicking9panic_fmt() { ret; }",
        ".version 7.8\n",
        ".target sm_90\n",
    ] {
        let mut module = example("plain", "");
        let Module {
            head,
            declarations,
            functions,
        } = Module::parse(text);
        module.head.extend(head);
        module.declarations.extend(declarations);
        module.functions.extend(functions);
        let found = broken(&module);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
}

pub fn what_fuses_is_called_by_what_is_called_so_alone() {
    let with_entries = |entries: &[&str]| {
        let mut text = String::from(".version 6.3\n.target sm_75\n.address_size 64\n");
        for entry in entries {
            text += &format!(".visible .entry {entry}() {{ call.uni shared, (); ret; }}\n");
        }
        text += ".func shared() { fma.rn.f32 %f1, %f2, %f3, %f1; ret; }\n";
        broken(&Module::parse(&text)).len()
    };
    assert_eq!(with_entries(&["a_fused"]), 0);
    assert_eq!(with_entries(&["a_fused", "b_fused"]), 0);
    assert_eq!(with_entries(&["a_fused", "b_separate"]), 1);
    assert_eq!(with_entries(&[]), 1);
}

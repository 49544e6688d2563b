//! Nothing: what the programs have in common.
#![no_std]
#![no_main]

use cost::Steps;
use cost::Subject;

// As a schedule: measured in the same way, it takes no instruction and no stack.
cost::program!(cost::measure(&Subject {
    make: || Ok(()),
    before: |_, _| {},
    call: |_, _| 0.0,
    steps: Steps::Anywhere { span: 10_000 },
    each: 1,
    config: 0,
    state: 0,
}));

#![doc = "Learning-rate tables and sweeps on the CPU."]

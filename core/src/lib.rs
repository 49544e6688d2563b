#![doc = "Learning-rate schedules and the SGD update they drive."]
#![no_std]
#![forbid(unsafe_code)]

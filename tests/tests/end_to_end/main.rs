//! Phone, server and desk together: none lost, none twice, none readable. Each claim beside a control that must fail.

mod crash;
mod forgotten;
mod impostor;
mod lost_reply;
mod plaintext;
mod random;
mod restart;
mod scanner;
mod whole_way;

//! Records with their checksum made right.

/// How long the checksum at the end is.
pub const CRC: usize = 4;

/// The checksum of Ethernet and zip as its polynomial has it: long division of the message, lowest bit first.
fn crc32(bytes: &[u8]) -> u32 {
    let mut remainder = 0xffff_ffff_u32;
    for bit in bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |i| byte >> i & 1))
    {
        let carry = (remainder & 1) ^ u32::from(bit);
        remainder = (remainder >> 1) ^ (0xedb8_8320 * carry);
    }
    !remainder
}

/// The record with its checksum made right again.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len() - CRC;
    let crc = crc32(&bytes[..body]);
    bytes[body..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

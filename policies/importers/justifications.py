"""Why somebody is not affected: the words of other formats in those of OpenVEX, where they mean the same.

Source: OpenVEX 0.2.0, CSAF 2.0 flags (the same words), CycloneDX 1.6 `analysis.justification`.
"""

_OPENVEX = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
# What CycloneDX says of a perimeter, an environment, a setting or a dependency is about the place of use, not about
# the product; it has no word in OpenVEX, and an unproven dismissal is the safer reading.
_CYCLONEDX = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}


def openvex_justification(stated: str) -> str:
    """Return the OpenVEX word for a stated justification, "" when OpenVEX has none for it."""
    word = stated.strip().lower()
    return word if word in _OPENVEX else _CYCLONEDX.get(word, "")

"""A drive with everything in it that a real one has, in normal weather."""

from __future__ import annotations

from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.weather import NORMAL
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.name_rules import complaints
from sluis.tenant.user_map import UserMap
from support.two_tenants import EMPTY, migration

_EVERYTHING = Population(
    users=3, sites=1, items_per_drive=60, folder_depth=3, file_size=(0, 40_000),
    office_share=0.3, shared_share=0.15, packages=1, malware=1, retention_hidden=1,
    recycle_bin=2, nasty_names=True,
)  # fmt: skip


def test_a_drive_with_everything_in_it_arrives_and_is_proven(tmp_path, caplog, capfd):
    old = Settings(seed=3, population=_EVERYTHING, weather=NORMAL)
    new = Settings(seed=12, population=EMPTY, weather=NORMAL, tenant_name="newhome")
    with migration(tmp_path, old, new) as move:
        move.export()
        refused = move.bring_over(ImportPolicy())
        assert refused.outcome == "refused"
        assert {one.code for one in refused.reasons} == {
            "could-not-be-had", "unmapped-principal", "narrower-rights",
        }  # fmt: skip
        assert not move.there()
        someone = next(one["owner"] for one in move.target.control.drives() if one["owner"])
        people = {
            one.key: someone if one.kind == "user" and "@rehearsal." in one.key else None
            for one in refused.unmapped
        }
        policy = ImportPolicy(
            users=UserMap.from_data(people),
            leave_out=frozenset({"could-not-be-had", "narrower-rights"}),
        )
        report = move.bring_over(policy)
        assert report.outcome == "done", report.as_data()
        there = move.there()
        for path in there:
            for depth, name in enumerate(path.split("/")):
                assert complaints(name, at_root=depth == 0) == (), path
        found = move.reconcile(policy)
        assert found.sound, found.as_data()
        assert set(found.counts()) == {"equal", "rewritten by the service"}
        # each item of the manifest is in one line, or signed to stay behind
        lines = move.lines()
        named = {line.path for line in found.lines} | {one.path for one in found.left_out}
        assert named == set(lines)
        assert len(there) == len(found.lines)
        assert [one.code for one in found.left_out] == ["could-not-be-had"]
        package = next(line for line in lines.values() if line.type == "package")
        (notebook,) = [line for line in found.lines if line.path == package.path]
        assert "OneNote" in notebook.notes[0]
        # once more, with everything there, nothing is sent and nothing was forgotten
        again = move.bring_over(policy)
        assert again.outcome == "done"
        assert not {"sent", "replaced", "moved", "rights given"} & set(again.counts)
        # no address that opens something, and no token, is said anywhere
        said = (
            str(report.as_data()) + str(found.as_data()) + caplog.text + "".join(capfd.readouterr())
        )
        for secret in (move.target.content, move.source.content, "tempauth=", "eyJ0"):
            assert secret not in said

# Joins runs of one peer: jq -s -c -f join.jq FIRST LATER... A case of a later run takes the place of that of an earlier one.
# The octets are left out.
def outcomes: reduce .[] as $case (
    {"fail": 0, "inconclusive": 0, "lenient": 0, "pass": 0, "precondition_failed": 0, "skipped": 0, "unsupported": 0};
    .[$case.outcome] += 1);
(reduce .[].cases[] as $case ({}; .[$case.id] = ($case | .exchange = [] | .capture = null))) as $cases
| (reduce .[].pics[] as $row ({};
    if $row.support == "not_tried" and has($row.feature) then . else .[$row.feature] = $row end)) as $pics
| .[0]
| .cases = [$cases[]]
| .pics = [$pics[]]
| .summary.cases = (.cases | length)
| .summary.outcomes = (.cases | outcomes)
| .summary.levels = (.cases | group_by(.level) | map({key: .[0].level, value: outcomes}) | from_entries)

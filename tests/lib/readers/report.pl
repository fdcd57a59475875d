#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# What Mail::DMARC reads of the aggregate report on standard input, as JSON.
# Its database becomes a file in the current folder.
use strict;
use warnings;
use JSON::PP;
use Mail::DMARC::Report::Receive;

my $xml = do { local $/; <STDIN> };
my $receive = Mail::DMARC::Report::Receive->new;
$receive->handle_body($xml);

my $report = $receive->report->aggregate;
my ($meta, $policy) = ($report->metadata, $report->policy_published);
my @rows;
for my $record (@{ $report->record }) {
    my $told = $record->row->policy_evaluated;
    push @rows, {
        ip => $record->row->source_ip,
        count => 0 + $record->row->count,
        disposition => $told->disposition,
        dkim => $told->dkim,
        spf => $told->spf,
        header_from => $record->identifiers->header_from,
        envelope_from => $record->identifiers->envelope_from,
        reasons => [ map { [ $_->{type}, $_->{comment} ] }
            @{ $told->reason || [] } ],
        dkim_results => [ map { [ $_->{domain}, $_->{selector},
            $_->{result} ] } @{ $record->auth_results->dkim || [] } ],
        spf_results => [ map { [ $_->{domain}, $_->{scope}, $_->{result} ] }
            @{ $record->auth_results->spf || [] } ],
    };
}
print JSON::PP->new->canonical->encode({
    org_name => $meta->org_name, email => $meta->email,
    report_id => $meta->report_id, begin => 0 + $meta->begin,
    end => 0 + $meta->end, domain => $policy->domain, p => $policy->p,
    sp => $policy->sp, adkim => $policy->adkim, aspf => $policy->aspf,
    rows => \@rows }), "\n";

<?php
// Asks what the credential is and may do.
$curl = curl_init(getenv('KEYBEARER_URL') . '/v1/whoami');
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . getenv('KEYBEARER_TOKEN')],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
]);
$body = curl_exec($curl);
$status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
if ($status !== 200) {
    fwrite(STDERR, "Keybearer answered $status: " . ($body ?: curl_error($curl)) . "\n");
    exit(1);
}
echo "$body\n";

"""Downloads each object with simple-salesforce: URL TOKEN VERSION FOLDER SOQL-WITH-{} OBJECT…"""

import os
import sys

from simple_salesforce import Salesforce

url, token, version, folder, soql = sys.argv[1:6]
org = Salesforce(instance_url=url, session_id=token, version=version)
org.bulk2_url = f"{url}/services/data/v{version}/jobs/"  # It would say https.
for name in sys.argv[6:]:
    os.makedirs(f"{folder}/{name}", exist_ok=True)
    getattr(org.bulk2, name).download(soql.format(name), path=f"{folder}/{name}")

{
    "name": "Actionstep to QuickBooks Online",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Push the bills of a law firm from Actionstep into QuickBooks Online",
    "author": "Actionstep QuickBooks contributors",
    "license": "LGPL-3",
    "depends": ["mail"],
    "external_dependencies": {
        "python": [
            "python-quickbooks",
            "intuit-oauth",
            "requests-oauthlib",
            "simplejson",
        ]
    },
    "data": [
        "security/actionstep_security.xml",
        "security/ir.model.access.csv",
        "security/actionstep_rules.xml",
        "views/actionstep_register_views.xml",
        "wizards/actionstep_detail_upload_views.xml",
        "views/actionstep_check_views.xml",
        "views/actionstep_connection_views.xml",
        "views/actionstep_invoice_views.xml",
        "views/actionstep_payment_views.xml",
        "views/actionstep_credit_note_views.xml",
        "views/actionstep_list_views.xml",
        "views/actionstep_sync_views.xml",
        "views/actionstep_setup_views.xml",
        "views/consent_templates.xml",
        "views/menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["actionstep_quickbooks/static/src/**/*"],
        "web.assets_tests": ["actionstep_quickbooks/static/tests/tours/**/*"],
    },
    "application": True,
}

"""Properties of each QBO class, as data.

One line per property: name, kind, then flags.

Kinds: ``string(21)`` (longest length), ``string``, ``bool``, ``decimal``, ``money``
(two places), ``integer``, ``date``, ``datetime``, ``id``, ``enum(A|B)``,
``email(100)``, ``any``, the name of another class, or a class name in brackets for a
list of them.

Flags: ``readonly`` (accepted and ignored, as QBO does with fields it computes itself)
and ``query`` (may be named in a query's WHERE and ORDERBY).

Sources: the entity reference, the public XSDs and recorded answers. The first 61 names
of Invoice stand in the order that a recorded 2010 fault lists them.
"""

ENTITY = """
Id id query
SyncToken string
MetaData any readonly query
CustomField [CustomField]
AttachableRef any
domain string
status string readonly
sparse bool
"""

TRANSACTION = (
    ENTITY
    + """
TxnDate date query
DepartmentRef ReferenceType
CurrencyRef ReferenceType
ExchangeRate decimal
PrivateNote string(4000)
TxnStatus string
LinkedTxn [LinkedTxn]
Line [Line]
TxnTaxDetail TxnTaxDetail
TxnSource string
TaxFormType string
TaxFormNum string
TransactionLocationType string
Tag any
TxnApprovalInfo any
RecurDataRef ReferenceType readonly
RecurringInfo any
HomeTotalAmt money readonly
"""
)

LIST = (
    ENTITY
    + """
Name string(100) query
Active bool query
ParentRef ReferenceType query
FullyQualifiedName string readonly query
"""
)

NAME_BASE = """
IntuitId string
Organization bool
Title string(16)
GivenName string(100) query
MiddleName string(100) query
FamilyName string(100) query
Suffix string(16)
FullyQualifiedName string readonly query
CompanyName string(100) query
DisplayName string(500) query
PrintOnCheckName string(110) query
UserId string
Active bool query
PrimaryPhone TelephoneNumber
AlternatePhone TelephoneNumber
Mobile TelephoneNumber
Fax TelephoneNumber
PrimaryEmailAddr email(100) query
WebAddr WebSiteAddress
OtherContactInfo any
DefaultTaxCodeRef ReferenceType
"""

TABLES = {
    "ReferenceType": """
        value string
        name string
        type string
    """,
    "PhysicalAddress": """
        Id id
        Line1 string(500)
        Line2 string(500)
        Line3 string(500)
        Line4 string(500)
        Line5 string(500)
        City string(255)
        Country string(255)
        CountryCode string(255)
        County string(255)
        CountrySubDivisionCode string(255)
        PostalCode string(30)
        PostalCodeSuffix string(30)
        Lat string
        Long string
        Tag string
        Note string
    """,
    "TelephoneNumber": """
        Id id
        DeviceType string
        CountryCode string
        AreaCode string
        ExchangeCode string
        Extension string
        FreeFormNumber string(30)
        Default bool
        Tag string
    """,
    "EmailAddress": """
        Id id
        Address string
        Default bool
        Tag string
    """,
    "WebSiteAddress": """
        Id id
        URI string(1000)
        Default bool
        Tag string
    """,
    "MemoRef": """
        id id
        value string(1000)
    """,
    "CustomField": """
        DefinitionId string
        Name string
        Type string
        StringValue string(31)
        BooleanValue bool
        DateValue date
        NumberValue decimal
    """,
    "LinkedTxn": """
        TxnId string
        TxnType string
        TxnLineId string
    """,
    "MarkupInfo": """
        PercentBased bool
        Value decimal
        Percent decimal
        PriceLevelRef ReferenceType
        MarkUpIncomeAccountRef ReferenceType
    """,
    "Line": """
        Id string
        LineNum integer
        Description string(4000)
        Amount money
        Received decimal
        LinkedTxn [LinkedTxn]
        DetailType string
        PaymentLineDetail any
        DiscountLineDetail DiscountLineDetail
        TaxLineDetail TaxLineDetail
        SalesItemLineDetail SalesItemLineDetail
        DescriptionLineDetail DescriptionLineDetail
        ItemBasedExpenseLineDetail any
        AccountBasedExpenseLineDetail any
        ReimburseLineDetail any
        DepositLineDetail any
        PurchaseOrderItemLineDetail any
        SalesOrderItemLineDetail any
        ItemReceiptLineDetail any
        JournalEntryLineDetail JournalEntryLineDetail
        GroupLineDetail any
        SubTotalLineDetail any
        TDSLineDetail any
        CustomField [CustomField]
        LineEx any
        ProjectRef ReferenceType
        CustomExtensions any
    """,
    "SalesItemLineDetail": """
        ItemRef ReferenceType
        ClassRef ReferenceType
        UnitPrice decimal
        RatePercent decimal
        PriceLevelRef ReferenceType
        MarkupInfo MarkupInfo
        Qty decimal
        UOMRef any
        ItemAccountRef ReferenceType readonly
        InventorySiteRef ReferenceType
        TaxCodeRef ReferenceType
        TaxClassificationRef ReferenceType
        ServiceDate date
        TaxInclusiveAmt money
        DiscountRate decimal
        DiscountAmt decimal
        DeferredRevenue bool
        SalesItemLineDetailEx any
    """,
    "DiscountLineDetail": """
        Discount any
        PercentBased bool
        DiscountPercent decimal
        DiscountAccountRef ReferenceType
        DiscountRef ReferenceType
        ServiceDate date
        ClassRef ReferenceType
        TaxCodeRef ReferenceType
        DiscountLineDetailEx any
    """,
    "DescriptionLineDetail": """
        ServiceDate date
        TaxCodeRef ReferenceType
        DescriptionLineDetailEx any
    """,
    "TxnTaxDetail": """
        DefaultTaxCodeRef ReferenceType
        TxnTaxCodeRef ReferenceType
        TotalTax money
        TaxLine [Line]
        TaxReviewStatus string
        UseAutomatedSalesTax bool
    """,
    "TaxLineDetail": """
        TaxRateRef ReferenceType
        PercentBased bool
        TaxPercent decimal
        NetAmountTaxable money
        TaxInclusiveAmount money
        OverrideDeltaAmount money
        ServiceDate date
        TaxLineDetailEx any
    """,
    "Customer": ENTITY
    + NAME_BASE
    + """
        Taxable bool
        BillAddr PhysicalAddress
        ShipAddr PhysicalAddress
        OtherAddr any
        ContactName string
        AltContactName string
        Notes string(2000)
        Job bool query
        BillWithParent bool
        RootCustomerRef ReferenceType readonly
        ParentRef ReferenceType
        Level integer readonly
        CustomerTypeRef ReferenceType
        SalesTermRef ReferenceType
        SalesRepRef ReferenceType
        TaxGroupCodeRef ReferenceType
        TaxRateRef ReferenceType
        PaymentMethodRef ReferenceType
        CCDetail any
        PriceLevelRef ReferenceType
        Balance money readonly query
        OpenBalanceDate date
        BalanceWithJobs money readonly
        CreditLimit decimal
        AcctNum string
        CurrencyRef ReferenceType
        OverDueBalance money readonly
        TotalRevenue money readonly
        TotalExpense money readonly
        PreferredDeliveryMethod string
        ResaleNum string(16)
        JobInfo any
        TDSEnabled bool
        CustomerEx any
        SecondaryTaxIdentifier string
        ARAccountRef ReferenceType
        PrimaryTaxIdentifier string
        TaxExemptionReasonId string
        IsProject bool
        BusinessNumber string
        GSTIN string(15)
        GSTRegistrationType string
        IsCISContractor bool
        ClientCompanyId string
        ClientEntityId string readonly
        Source string
    """,
    "Vendor": ENTITY
    + NAME_BASE
    + """
        ContactName string
        AltContactName string
        Notes string
        BillAddr PhysicalAddress
        ShipAddr PhysicalAddress
        OtherAddr any
        TaxCountry string
        TaxIdentifier string(20)
        TaxIdEffectiveDate date
        BusinessNumber string(10)
        ParentRef ReferenceType
        VendorTypeRef ReferenceType
        TermRef ReferenceType
        PrefillAccountRef ReferenceType
        Balance money readonly query
        BillRate decimal
        OpenBalanceDate date
        CreditLimit decimal
        AcctNum string(100)
        Vendor1099 bool
        T4AEligible bool
        T5018Eligible bool
        CurrencyRef ReferenceType
        TDSEnabled bool
        TDSEntityTypeId integer
        TDSSectionTypeId integer
        TDSOverrideThreshold bool
        TaxReportingBasis string
        APAccountRef ReferenceType
        VendorEx any
        GSTIN string(15)
        GSTRegistrationType string
        IsSubContractorCIS bool
        SubcontractorType string
        CISRate string
        HasTPAR bool
        VendorPaymentBankDetail any
        Source string
        CostRate decimal
    """,
    "Employee": ENTITY
    + NAME_BASE
    + """
        EmployeeType string
        EmployeeNumber string(100)
        SSN string(100)
        PrimaryAddr PhysicalAddress
        OtherAddr any
        BillableTime bool
        BillRate decimal
        CostRate decimal
        BirthDate date
        Gender enum(Male|Female)
        HiredDate date
        ReleasedDate date
        UseTimeEntry string
        EmployeeEx any
    """,
    "Item": ENTITY
    + """
        Name string(100) query
        Sku string(100) query
        Description string(4000)
        Active bool query
        SubItem bool query
        ParentRef ReferenceType query
        Level integer readonly query
        FullyQualifiedName string readonly query
        Taxable bool
        SalesTaxIncluded bool
        PercentBased bool
        UnitPrice decimal query
        RatePercent decimal
        Type enum(Service|NonInventory|Inventory|Category|Group|Bundle) query
        ItemCategoryType string
        ServiceType string
        PaymentMethodRef ReferenceType
        UOMSetRef ReferenceType
        IncomeAccountRef ReferenceType
        PurchaseDesc string(1000)
        PurchaseTaxIncluded bool
        PurchaseCost decimal
        ExpenseAccountRef ReferenceType
        COGSAccountRef ReferenceType
        AssetAccountRef ReferenceType
        PrefVendorRef ReferenceType
        AvgCost decimal readonly
        TrackQtyOnHand bool query
        QtyOnHand decimal
        QtyOnPurchaseOrder decimal readonly
        QtyOnSalesOrder decimal readonly
        ReorderPoint decimal
        ManPartNum string
        DepositToAccountRef ReferenceType
        SalesTaxCodeRef ReferenceType
        PurchaseTaxCodeRef ReferenceType
        InvStartDate date
        BuildPoint decimal
        PrintGroupedItems bool
        SpecialItem bool
        SpecialItemType string
        ItemGroupDetail any
        ItemAssemblyDetail any
        AbatementRate decimal
        ReverseChargeRate decimal
        ClassRef ReferenceType
        TaxClassificationRef ReferenceType
        DeferredRevenue bool
        Source string
        ItemEx any
        UQCDisplayText string
        UQCId string
    """,
    "Account": ENTITY
    + """
        Name string(100) query
        SubAccount bool query
        ParentRef ReferenceType query
        Description string(4000) query
        FullyQualifiedName string readonly query
        AccountAlias string
        TxnLocationType string
        Active bool query
        Classification string readonly query
        AccountType string query
        AccountSubType string query
        AccountPurposes any
        AcctNum string(20) query
        AcctNumExtn string
        BankNum string
        OpeningBalance money
        OpeningBalanceDate date
        CurrentBalance money readonly query
        CurrentBalanceWithSubAccounts money readonly
        CurrencyRef ReferenceType
        TaxAccount bool
        TaxCodeRef ReferenceType
        OnlineBankingEnabled bool
        FIName string
        JournalCodeRef ReferenceType
        AccountEx any
    """,
    "TaxCode": ENTITY
    + """
        Name string(100) query
        Description string(100) query
        Active bool query
        Hidden bool
        Taxable bool
        TaxGroup bool
        TaxCodeConfigType string
        SalesTaxRateList any
        PurchaseTaxRateList any
        AdjustmentTaxRateList any
    """,
    "TaxRate": ENTITY
    + """
        Name string(100) query
        Description string(100) query
        Active bool query
        RateValue decimal
        AgencyRef ReferenceType
        TaxReturnLineRef ReferenceType
        EffectiveTaxRate any
        SpecialTaxType string
        DisplayType string
        OriginalTaxRate string
    """,
    "TaxAgency": ENTITY
    + """
        DisplayName string(100) query
        TaxRegistrationNumber string
        TaxTrackedOnSales bool
        TaxTrackedOnPurchases bool
        LastFileDate date
        TaxAgencyConfig string readonly
    """,
    "CompanyInfo": ENTITY
    + """
        CompanyName string(1024) query
        LegalName string(1024) query
        CompanyAddr PhysicalAddress
        CustomerCommunicationAddr PhysicalAddress
        LegalAddr PhysicalAddress
        CustomerCommunicationEmailAddr EmailAddress
        PrimaryPhone TelephoneNumber
        CompanyStartDate date
        EmployerId string
        FiscalYearStartMonth string
        Country string
        Email EmailAddress
        WebAddr WebSiteAddress
        SupportedLanguages string
        DefaultTimeZone string
        NameValue any
    """,
    "Preferences": ENTITY
    + """
        AccountingInfoPrefs any
        ProductAndServicesPrefs any
        SalesFormsPrefs any
        EmailMessagesPrefs any
        PrintDocumentPrefs any
        VendorAndPurchasesPrefs any
        TimeTrackingPrefs any
        TaxPrefs any
        FinanceChargesPrefs any
        CurrencyPrefs any
        ReportPrefs any
        OtherPrefs any
    """,
    "Invoice": """
        DocNumber string(21) query
        HomeTotalAmt money readonly
        TotalAmt money readonly
        TxnSource string
        AllowOnlinePayment bool
        RecurringInfo any
        EmailStatus enum(NotSet|NeedToSend|EmailSent)
        callToAction string readonly
        AutoDocNumber bool
        ECloudStatusTimeStamp datetime readonly
        TaxFormNum string
        TxnDate date query
        FOB string
        ClassRef ReferenceType
        AllowOnlineACHPayment bool
        DepositToAccountRef ReferenceType
        InvoiceEx any
        AllowOnlineCreditCardPayment bool
        CurrencyRef ReferenceType
        InvoiceLink string readonly
        PONumber string
        ShipDate date
        PaymentMethodRef ReferenceType
        TrackingNum string
        TxnTaxDetail TxnTaxDetail
        CustomerRef ReferenceType query
        ShipFromAddr PhysicalAddress
        BillAddr PhysicalAddress
        EInvoiceStatus string readonly
        Id id query
        RecurDataRef ReferenceType readonly
        ApplyTaxAfterDiscount bool
        DepartmentRef ReferenceType
        SalesRepRef ReferenceType
        ExchangeRate decimal
        domain string
        invoiceStatusLog any readonly
        TaxFormType string
        BillEmailBcc email(200)
        LessCIS decimal
        CustomerMemo MemoRef
        TxnStatus string
        HomeBalance money readonly
        PrintStatus enum(NotSet|NeedToPrint|PrintComplete)
        ConvenienceFeeDetail any
        DiscountRate decimal
        DeliveryInfo any readonly
        FreeFormAddress bool readonly
        AllowIPNPayment bool
        CustomField [CustomField]
        PaymentDetailsMessage string
        TransactionLocationType string
        MetaData any readonly query
        LinkedTxn [LinkedTxn]
        status string readonly
        RemitToRef ReferenceType
        PrivateNote string(4000)
        ShipMethodRef ReferenceType
        PaymentRefNum string(21)
        Tag any
        TxnApprovalInfo any
        Line [Line]
        sparse bool
        SyncToken string
        DueDate date query
        Balance money readonly query
        Deposit money
        SalesTermRef ReferenceType query
        ShipAddr PhysicalAddress
        BillEmail email(100)
        BillEmailCc email(200)
        GlobalTaxCalculation enum(TaxExcluded|TaxInclusive|NotApplicable)
        ProjectRef ReferenceType query
        AttachableRef any
        ARAccountRef ReferenceType
        TemplateRef ReferenceType
        TaxExemptionRef ReferenceType readonly
        DiscountAmt money
        FinanceCharge bool
        GovtTxnRefIdentifier string
        invoiceStatus string readonly
        InvoiceLinkExpiry datetime readonly
        JournalCodeRef ReferenceType
    """,
    "CreditMemo": TRANSACTION
    + """
        DocNumber string(21) query
        AutoDocNumber bool
        CustomerRef ReferenceType query
        CustomerMemo MemoRef
        BillAddr PhysicalAddress
        ShipAddr PhysicalAddress
        ShipFromAddr PhysicalAddress
        RemitToRef ReferenceType
        FreeFormAddress bool readonly
        ClassRef ReferenceType
        SalesTermRef ReferenceType query
        DueDate date
        SalesRepRef ReferenceType
        PONumber string
        FOB string
        ShipMethodRef ReferenceType
        ShipDate date
        TrackingNum string
        GlobalTaxCalculation enum(TaxExcluded|TaxInclusive|NotApplicable)
        TotalAmt money readonly
        HomeBalance money readonly
        ApplyTaxAfterDiscount bool
        TemplateRef ReferenceType
        PrintStatus enum(NotSet|NeedToPrint|PrintComplete)
        EmailStatus enum(NotSet|NeedToSend|EmailSent)
        BillEmail email(100)
        BillEmailCc email(200)
        BillEmailBcc email(200)
        ARAccountRef ReferenceType
        Balance money readonly query
        FinanceCharge bool
        PaymentMethodRef ReferenceType
        PaymentRefNum string(21)
        PaymentType string
        CheckPayment any
        CreditCardPayment any
        DepositToAccountRef ReferenceType
        DeliveryInfo any readonly
        DiscountRate decimal
        DiscountAmt money
        GovtTxnRefIdentifier string
        TaxExemptionRef ReferenceType readonly
        RemainingCredit money readonly
        InvoiceRef ReferenceType
        CreditMemoEx any
        ProjectRef ReferenceType query
        JournalCodeRef ReferenceType
    """,
    "Payment": TRANSACTION
    + """
        DocNumber string(21) readonly
        CustomerRef ReferenceType query
        RemitToRef ReferenceType
        ARAccountRef ReferenceType
        DepositToAccountRef ReferenceType
        PaymentMethodRef ReferenceType query
        PaymentRefNum string(100) query
        PaymentType string
        CheckPayment any
        CreditCardPayment any
        TotalAmt money query
        UnappliedAmt money readonly
        ProcessPayment bool
        TaxExemptionRef ReferenceType readonly
        PaymentEx any
        ProjectRef ReferenceType query
        JournalCodeRef ReferenceType
    """,
    "JournalEntry": TRANSACTION
    + """
        DocNumber string(21) query
        Adjustment bool
        HomeCurrencyAdjustment bool
        EnteredInHomeCurrency bool
        GlobalTaxCalculation enum(TaxExcluded|TaxInclusive|NotApplicable)
        TaxRateRef ReferenceType
        TotalAmt money readonly
        JournalCodeRef ReferenceType
        JournalEntryEx any
    """,
    "JournalEntryLineDetail": """
        PostingType enum(Debit|Credit)
        Entity EntityTypeRef
        AccountRef ReferenceType
        ClassRef ReferenceType
        DepartmentRef ReferenceType
        TaxCodeRef ReferenceType
        TaxApplicableOn enum(Sales|Purchase)
        TaxAmount money
        TaxInclusiveAmt money
        BillableStatus enum(Billable|NotBillable|HasBeenBilled)
        JournalCodeRef ReferenceType
        JournalEntryLineDetailEx any
    """,
    "EntityTypeRef": """
        Type enum(Customer|Vendor|Employee)
        EntityRef ReferenceType
    """,
    "Deposit": TRANSACTION
    + """
        DocNumber string(21) query
        DepositToAccountRef ReferenceType
        CashBack any
        TotalAmt money readonly query
        GlobalTaxCalculation enum(TaxExcluded|TaxInclusive|NotApplicable)
        DepositEx any
    """,
    "Class": LIST
    + """
        SubClass bool
        ClassEx any
    """,
    "Department": LIST
    + """
        SubDepartment bool
        Address PhysicalAddress
        DepartmentEx any
    """,
    "Term": ENTITY
    + """
        Name string(31) query
        Active bool query
        Type enum(STANDARD|DATE_DRIVEN)
        DiscountPercent decimal
        DueDays integer
        DiscountDays integer
        DayOfMonthDue integer
        DueNextMonthDays integer
        DiscountDayOfMonth integer
        SalesTermEx any
    """,
    "PaymentMethod": ENTITY
    + """
        Name string(31) query
        Active bool query
        Type enum(CREDIT_CARD|NON_CREDIT_CARD) query
        PaymentMethodEx any
    """,
    "CompanyCurrency": ENTITY
    + """
        Code string(100) query
        Name string
        Active bool query
        CompanyCurrencyEx any
    """,
    "ExchangeRate": ENTITY
    + """
        SourceCurrencyCode string(3) query
        TargetCurrencyCode string(3) query
        Rate decimal
        AsOfDate date query
        ExchangeRateEx any
    """,
}
